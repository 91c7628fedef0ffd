import test from 'ava'
import { z } from 'zod'
import { namesAnId, sampleOf } from '../../../kernel/testing/sample.ts'

const schemas: Readonly<Record<string, z.ZodType>> = {
  'every kind of field': z.strictObject({
    name: z.string().min(20),
    kind: z.enum(['plc', 'server']),
    fixed: z.literal('x'),
    count: z.number().int().min(3),
    on: z.boolean(),
    email: z.email(),
    at: z.iso.datetime({ offset: true }),
    maybe: z.string().nullable(),
    list: z.array(z.strictObject({ n: z.number() })),
  }),
  'a refinement that JSON Schema cannot say': z.strictObject({
    ip: z.string().refine(text => /^\d+\.\d+\.\d+\.\d+$/.test(text)),
    also: z
      .string()
      .refine(() => false)
      .optional(),
  }),
  'a change that names something': z
    .strictObject({ a: z.string(), b: z.string() })
    .partial()
    .refine(change => Object.keys(change).length > 0),
  'a named part': z.strictObject({ part: z.strictObject({ n: z.number() }).meta({ id: 'PartOfASample' }) }),
  'names of products': z.strictObject({ cpes: z.array(z.string().regex(/^cpe:2\.3:/)).min(1) }),
}

for (const [what, schema] of Object.entries(schemas)) {
  test(`a sample is found for ${what}`, t => {
    t.true(schema.safeParse(sampleOf(schema)).success)
  })
}

test('ids are asked for by the name of their field', t => {
  const schema = z.strictObject({ site_id: z.guid(), user_ids: z.array(z.guid()), name: z.string() })
  const asked: string[] = []
  const id = '01890a5d-ac96-774b-bcce-b302099a8057'
  const sample = sampleOf(schema, field => {
    asked.push(field)
    return id
  })
  t.like(sample, { site_id: id, user_ids: [id] })
  t.deepEqual(asked, ['site_id', 'user_ids'])
  t.true(namesAnId('id'))
  t.false(namesAnId('grid'))
})

test('what cannot be satisfied has no sample', t => {
  t.is(sampleOf(z.strictObject({ never: z.string().refine(() => false) })), undefined)
})
