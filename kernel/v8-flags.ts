import { setFlagsFromString } from 'node:v8'

// V8 counts, per place in the code, how many arrays outlive a collection, and allocates those of a place where many did
// in the old generation for ever after. Start-up decides that for arrays of node:events (`emit` copies its listeners),
// which under load hold a request each: then requests die only in full collections (400 MB, 10 to 40 % more CPU).
setFlagsFromString('--no-allocation-site-pretenuring')

// The young generation would grow to three times 16 MB for what start-up leaves behind, and never shrink while idle.
setFlagsFromString('--semi-space-growth-factor=1')

/** To be called when the server is up: from now on the young generation grows with the load. */
export function letYoungGenerationGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2')
}
