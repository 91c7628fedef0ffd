/** What an operator may read and change in a minute, route by route: enough for a person, too little for a copy of all. */
export const READS = { perMinute: 240 }
/** @see READS */
export const WRITES = { perMinute: 30 }
