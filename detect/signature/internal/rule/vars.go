package rule

import "maps"

// Vars are the variables that headers of rules may name, without the dollar. Values are in the language of headers and
// may name other variables.
type Vars struct {
	Addresses, Ports map[string]string
}

// DefaultVars are the variables of Suricata's own configuration, and those of the hospital.
func DefaultVars() *Vars {
	return &Vars{Addresses: defaultAddresses(), Ports: defaultPorts()}
}

func defaultAddresses() map[string]string {
	m := map[string]string{
		"HOME_NET":     "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12,fc00::/7]",
		"EXTERNAL_NET": "!$HOME_NET",
	}
	for _, name := range []string{
		"HTTP_SERVERS", "SMTP_SERVERS", "SQL_SERVERS", "DNS_SERVERS", "TELNET_SERVERS", "DC_SERVERS", "DNP3_SERVER",
		"DNP3_CLIENT", "MODBUS_CLIENT", "MODBUS_SERVER", "ENIP_CLIENT", "ENIP_SERVER",
		"FTP_SERVERS", "SSH_SERVERS", "SIP_SERVERS", "SNMP_SERVERS", // of Snort's configuration, which old rules name
		"DICOM_SERVERS", "HL7_SERVERS", "FHIR_SERVERS", "MEDICAL_DEVICES",
	} {
		m[name] = "$HOME_NET"
	}
	m["AIM_SERVERS"] = "$EXTERNAL_NET"
	return m
}

func defaultPorts() map[string]string {
	return map[string]string{
		"HTTP_PORTS":      "80",
		"SHELLCODE_PORTS": "!80",
		"ORACLE_PORTS":    "1521",
		"SSH_PORTS":       "22",
		"DNP3_PORTS":      "20000",
		"MODBUS_PORTS":    "502",
		"FILE_DATA_PORTS": "[$HTTP_PORTS,110,143]",
		"FTP_PORTS":       "21",
		"GENEVE_PORTS":    "6081",
		"VXLAN_PORTS":     "4789",
		"TEREDO_PORTS":    "3544",
		"SIP_PORTS":       "[5060,5061]", // of Snort's and later Suricata's configuration
		"DICOM_PORTS":     "[104,11112,2761,2762]",
		"HL7_PORTS":       "[2575,2576,6661,6662]",
		"FHIR_PORTS":      "[80,443,8080,8443]",
	}
}

// With is v with other values for some variables.
func (v *Vars) With(addresses, ports map[string]string) *Vars {
	w := &Vars{Addresses: maps.Clone(v.Addresses), Ports: maps.Clone(v.Ports)}
	maps.Copy(w.Addresses, addresses)
	maps.Copy(w.Ports, ports)
	return w
}
