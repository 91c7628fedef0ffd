import { setFlagsFromString } from 'node:v8'

// V8 counts, per place in the code, how many arrays outlive a collection, and allocates those of a place where many did
// in the old generation for ever after. Start-up decides that for arrays of node:events (`emit` copies its listeners),
// which under load hold a request each: then requests die only in full collections (400 MB, 10 to 40 % more CPU).
setFlagsFromString('--no-allocation-site-pretenuring')
