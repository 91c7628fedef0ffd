import { definePlugin, etagReply } from '../../kernel/contract.ts'
import { siteDeleted, siteDirectory } from './public.ts'
import { SiteRepository, siteList, toSite } from './repositories/site-repository.ts'
import { SiteLookup } from './services/site-lookup.ts'
import { SiteService } from './services/site-service.ts'
import { NewSite, Site, SiteChange } from './site.ts'

export default definePlugin({
  name: 'sites',
  version: '1.0.0',
  title: 'Sites',
  segments: ['sites'],
  permissions: {
    'sites:read': 'View sites',
    'sites:create': 'Add sites',
    'sites:update': 'Change sites',
    'sites:delete': 'Delete sites',
  },
  offers: { siteLookup: siteDirectory },
  emits: [siteDeleted],
  services: { siteRepository: SiteRepository, siteService: SiteService, siteLookup: SiteLookup },
  demo: {
    async tenant({ siteService }) {
      await siteService.create({ name: 'Plant North', location: 'Rotterdam', status: 'active' })
      await siteService.create({ name: 'Plant South', location: 'Porto', status: 'active' })
      await siteService.create({ name: 'Head office', location: 'Utrecht', status: 'active' })
    },
  },
  setup(kit) {
    kit.route('GET /sites', {
      summary: 'Sites',
      permission: 'sites:read',
      query: siteList.query,
      returns: siteList.returns(Site),
      handle: ({ query }, { call }) => siteList.page(call.db, query),
    })
    kit.route('POST /sites', {
      summary: 'Add a site',
      permission: 'sites:create',
      body: NewSite,
      returns: Site,
      status: 201,
      async handle({ body }, { siteService }) {
        const site = await siteService.create(body)
        return etagReply(toSite(site), site.revision)
      },
    })
    kit.route('GET /sites/:id', {
      summary: 'A site',
      permission: 'sites:read',
      returns: Site,
      async handle({ params }, { siteService }) {
        const site = await siteService.get(params.id)
        return etagReply(toSite(site), site.revision)
      },
    })
    kit.route('PATCH /sites/:id', {
      summary: 'Change a site',
      permission: 'sites:update',
      body: SiteChange,
      returns: Site,
      async handle({ params, body, ifMatch }, { siteService }) {
        const site = await siteService.update(params.id, body, ifMatch)
        return etagReply(toSite(site), site.revision)
      },
    })
    kit.route('DELETE /sites/:id', {
      summary: 'Delete a site without assets',
      permission: 'sites:delete',
      handle: ({ params, ifMatch }, { siteService }) => siteService.delete(params.id, ifMatch),
    })
  },
})
