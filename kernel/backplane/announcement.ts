import type { Recipients } from '../contract.ts'

/** What one instance tells all, itself included. Plain JSON, so that it can travel. */
export type Announcement = SocketAnnouncement | WakeAnnouncement | WorkAnnouncement

/** What is about sockets. */
export type SocketAnnouncement = FrameAnnouncement | DisconnectAnnouncement | ReplaceAnnouncement

/** A frame for sockets of a tenant. */
export interface FrameAnnouncement {
  readonly kind: 'frame'
  readonly channel: string
  readonly tenantId: string
  readonly to?: Recipients | undefined
  /** The envelope, as it goes out. */
  readonly text: string
}

/** Sockets of users or devices are to be closed. */
export interface DisconnectAnnouncement {
  readonly kind: 'disconnect'
  readonly channel: string
  readonly tenantId: string
  /** Whose sockets are closed. */
  readonly actors: readonly string[]
}

/** A socket has opened on a channel that takes one of each user or guest: older ones are to be closed. */
export interface ReplaceAnnouncement {
  readonly kind: 'replace'
  readonly channel: string
  readonly tenantId: string
  readonly actor: string
  /** Id of the socket. They rise by time, so that all instances agree which one is the newest. */
  readonly socket: string
}

/** Whoever listens for the topic is to look. */
export interface WakeAnnouncement {
  readonly kind: 'wake'
  readonly tenantId: string
  readonly plugin: string
  readonly topic: string
}

/** Events to deliver, or jobs to run, were committed by a process that does neither. */
export interface WorkAnnouncement {
  readonly kind: 'work'
  readonly work: 'events' | 'jobs'
}
