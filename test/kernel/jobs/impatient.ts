/** The URL of a MongoDB that counts as gone after a short while, so that a test need not wait long. */
export const impatient = (url: string): string =>
  `${url}?serverSelectionTimeoutMS=300&connectTimeoutMS=300&socketTimeoutMS=1000&heartbeatFrequencyMS=500`
