// `node kernel/main.ts` with the compile cache on before main.ts is read: otherwise Node loads its type stripper for that
// one file, which costs 40 ms and 20 MB for as long as the process lives. JavaScript, so that it needs none itself.
import { enableCompileCache } from 'node:module'

enableCompileCache()
await import('./main.ts')
