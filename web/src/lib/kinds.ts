// How the kinds stand in the histogram: the clinical ones in the accent, the warnings in a severity, the rest in grey.
export const colours: Record<string, string> = {
  finding: 'high', alert: 'high', anomaly: 'medium', dicom: 'accent', hl7: 'accent-2', fhir: 'accent-3',
  log: 'grey-1', atna: 'accent-3', auth: 'grey-1', krb5: 'grey-1', ldap: 'grey-1', smb: 'grey-1', fileinfo: 'grey-1', asset: 'grey-1',
  dns: 'grey-2', tls: 'grey-2', http: 'grey-2', dhcp: 'grey-2', ssh: 'grey-2',
}
const order = ['flow', 'stats', 'health', 'dns', 'tls', 'http', 'dhcp', 'ssh', 'auth', 'krb5', 'ldap', 'smb', 'fileinfo', 'asset', 'log', 'atna', 'fhir', 'hl7', 'dicom', 'anomaly', 'alert', 'finding']

export const colour = (kind: string) => colours[kind] ?? 'grey-3'
export const rank = (kind: string) => order.indexOf(kind)

/** The attributes that are offered as facets, in this order. */
export const facetFields = ['kind', 'app_name', 'src_endpoint.ip', 'dst_endpoint.ip', 'dst_endpoint.port', 'src_endpoint.vlan_uid', 'query.hostname', 'tls.sni',
  'http_request.url.hostname', 'dicom.calling_ae', 'dicom.called_ae', 'dicom.modality', 'hl7.type', 'hl7.sending_app', 'fhir.resource', 'user.name', 'finding_info.title', 'sensor']

/** Those that are offered where logs are looked at. */
const ofLogs = ['kind', 'device.hostname', 'log.product', 'log.service', 'log.category', 'metadata.event_code', 'activity_name', 'status', 'actor.user.name', 'app_name', 'src_endpoint.ip', 'dst_endpoint.ip', 'dst_endpoint.port', 'log.format', 'severity']
export const facetsOf = (q: string) => (/(^|[\s(])(kind:=?"?log\b|log\.|field\.)/.test(q) ? ofLogs : [...facetFields, 'log.format'])
