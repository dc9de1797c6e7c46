package conformance

// shapesOnly are our formats that know a shape and no product.
var shapesOnly = map[string]struct{}{"": {}, "json": {}, "kv": {}, "cef": {}, "leef": {}}

// parserOf is our format for the one that the tests name; "": found by the line itself.
func parserOf(format string) string { return parsersOf[format] }

var parsersOf = map[string]string{
	"OpenSSH/openssh": "sshd", "CEF/cef": "cef", "Fortinet/fortigate": "fortigate", "Postfix/postfix": "postfix",
	"Stormshield/stormshield_network_security": "stormshield-sns",
	"Windows/windows":                          "windows-nxlog", "Beats/winlogbeat": "winlogbeat", "Palo Alto Networks/paloalto-ngfw": "panos",
	"Palo Alto Networks/paloalto-prisma-access": "panos", "Stormshield/stormshield-endpoint-security": "stormshield-ses",
	"Office 365/o365": "o365", "Microsoft/microsoft-entraid-graphapi": "entra-graph", "Microsoft/microsoft-365-defender": "defender",
	"HarfangLab/harfanglab":       "harfanglab",
	"Cisco/cisco-secure-firewall": "cisco-asa", "Cisco/cisco-ios": "cisco-ios", "Cisco/cisco-nx-os": "cisco-nxos", "Wallix/wallix-bastion": "wallix",
	"BIND/bind": "bind", "Infoblox/ddi": "infoblox", "EfficientIP/solidserver-ddi": "efficientip", "ISC DHCP/dhcpd": "dhcpd", "Cisco/cisco-meraki": "meraki",
	"NGINX/nginx": "nginx", "Apache/apache": "apache", "Squid/squid": "squid", "FreeRADIUS/freeradius": "freeradius", "Microsoft/microsoft-iis": "iis",
	"LockSelf/lockself":                 "lockself",
	"CrowdStrike/crowdstrike-telemetry": "crowdstrike-fdr", "SentinelOne/cloud_funnel2.0": "sentinelone-funnel", "Checkpoint/checkpoint": "checkpoint",
	"WatchGuard/watchguard-firebox": "watchguard", "Sophos/sophos firewall": "sophos-firewall", "Citrix/citrix-adc": "netscaler",
	"CyberArk/cyberark-digital-vault": "cyberark-vault", "Olfeo/olfeo-saas": "olfeo", "Beats/auditbeat": "json", "GateWatcher/aioniq_ecs": "json",
	"OpenVPN/openvpn": "openvpn", "VMWare/vmware-vcenter": "vmware-vcenter", "VMWare/vmware-esxi": "vmware-esxi",
	"Cisco/cisco-ise": "cisco-ise", "Juniper/juniper-ngfw": "juniper", "Juniper/juniper-switches": "juniper", "Systancia/cleanroom": "systancia-cleanroom",
	"Tehtris/tehtris-edr": "tehtris-edr", "GateWatcher/aioniq": "gatewatcher-aioniq", "Eset/eset_protect": "eset-protect", "Azure/azure-ad": "entra-diagnostics",
	"CrowdStrike/crowdstrike_falcon": "crowdstrike-falcon", "SentinelOne/sentinelone": "sentinelone", "AWS/aws-cloudtrail": "aws-cloudtrail",
	"Okta/okta-system-logs": "okta", "Kubernetes/audit-log": "kubernetes-audit", "Google Cloud/google-report": "google-workspace",
	"OpenBSD/openbsd-packet-filter": "pfsense", "Ivanti/pulse-connect": "ivanti-connect", "OpenLDAP/openldap": "openldap",
	"Umbrella/umbrella-dns": "cisco-umbrella", "Umbrella/umbrella-proxy": "cisco-umbrella", "Kaspersky/kaspersky_endpoint_security": "kaspersky-endpoint",
	"ManageEngine/adauditplus": "adauditplus",
	"Zscaler/zscaler-zia":      "zscaler-zia", "VadeSecure/vade_secure_m365": "vade-m365", "Bitdefender/gravityzone": "bitdefender-gravityzone",
	"Clavister/clavister-ngfw": "clavister", "Sophos/sophos edr": "sophos-central", "Rubycat/proveit": "rubycat-proveit",
	"Trend Micro/deep-security": "trendmicro-deepsecurity", "Trend Micro/trend-micro-apex-one": "trendmicro-deepsecurity", "Netfilter/netfilter": "netfilter",
	"Ubika/ubika_waap":   "ubika-waap",
	"Veeam/veeam_backup": "veeam", "HAProxy/haproxy": "haproxy", "Aruba Network/aruba-os": "aruba", "Unbound/unbound": "unbound",
	"Umbrella/umbrella-ip": "cisco-umbrella", "SonicWall/sonicwall-fw": "sonicwall", "SonicWall/sonicwall-sma": "sonicwall",
	"Azure/azure-key-vault": "azure-resource", "Azure/azure-front-door": "azure-resource", "Azure/azure-application-gateway": "azure-resource",
	"Vectra/vectra_cognito_detect": "vectra", "ThinkstCanary/thinkst-canary": "canary", "Tenable/alsid": "tenable-identity",
	"Fortinet/fortimail": "fortimail", "Fortinet/fortiweb": "fortiweb", "Windows/microsoft-always-on-vpn": "nps",
	"F5 Networks/f5-big-ip": "f5-bigip", "Fortinet/fortiproxy": "fortiproxy",
}
