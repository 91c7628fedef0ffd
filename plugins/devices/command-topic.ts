/** What long polls of a device listen for. */
export const commandTopic = (deviceId: string): string => `commands:${deviceId}`
