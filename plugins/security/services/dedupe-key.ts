import { hash } from 'node:crypto'
import type { AlertRow } from '../repositories/alert-list.ts'

/** What makes two alerts of devices the same. */
export type Sameness = Pick<AlertRow, 'device_id' | 'title' | 'severity' | 'source_ip' | 'destination_ip'>

/** Stands for alerts that are the same; in hex digits, because SQL Server compares texts without their case. */
export const dedupeKey = ({ device_id, title, severity, source_ip, destination_ip }: Sameness): string =>
  `device:${hash('sha256', JSON.stringify([device_id, title, severity, source_ip, destination_ip]), 'hex')}`
