import test from 'ava'
import type { TenantState } from '../../../kernel/access/principal.ts'
import type { TenantStatus } from '../../../kernel/contract.ts'
import { gate } from '../../../kernel/tenancy/gate.ts'

const state = (status: TenantStatus, ...features: string[]): TenantState => ({
  tenant: { id: '1', name: 'Acme', account_name: 'acme', status },
  features: new Set(features),
})

test('lets an active tenant use what it has', t => {
  t.is(gate(undefined, state('active')), undefined)
  t.is(gate('vpn', state('active', 'vpn')), undefined)
  t.is(gate('vpn', state('active', 'security'))?.code, 'feature_disabled')
})

test('in grace everything but licensed features goes on', t => {
  t.is(gate(undefined, state('grace')), undefined)
  t.is(gate('vpn', state('grace'))?.code, 'feature_disabled')
})

test('keeps out tenants that are pending, expired, suspended or not yet known', t => {
  t.is(gate(undefined, state('pending', 'vpn'))?.code, 'tenant_pending')
  t.is(gate('vpn', state('expired', 'vpn'))?.code, 'license_expired')
  t.is(gate(undefined, state('suspended'))?.code, 'tenant_suspended')
  t.is(gate(undefined, undefined)?.code, 'tenant_pending')
})
