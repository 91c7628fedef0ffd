import path from 'node:path'

/** The folder of the plugins that come with the product. */
export const BUNDLED_PLUGINS = path.join(import.meta.dirname, '..', '..', 'plugins')
