package lab

import "strings"

// m is the short name of what an event must hold.
type m = map[string]any

// Expectations are what a sensor on the mirror port must say after every scenario has run at least once. Addresses,
// names and counts are those of the hospital's stations and of the scenarios.
func Expectations() []Expectation {
	var all []Expectation
	for _, part := range [][]Expectation{
		flowExpectations(), dnsExpectations(), leaseExpectations(), ticketExpectations(), directoryExpectations(),
		dicomExpectations(), hl7Expectations(), httpExpectations(), fhirExpectations(), tlsExpectations(),
		fileExpectations(), shellExpectations(), attackExpectations(), assetExpectations(), authExpectations(),
		absentExpectations(),
	} {
		all = append(all, part...)
	}
	return all
}

func at(name string) string { return addrOf(name).String() }

// between wants the ends of an event.
func between(from, to string, more m) m {
	all := m{"src_endpoint.ip": at(from), "dst_endpoint.ip": at(to)}
	for k, v := range more {
		all[k] = v
	}
	return all
}

// once says that what happened once is told once.
func (e Expectation) once() Expectation { return e.times(1) }

// times says how often a thing is told, neither less nor more.
func (e Expectation) times(n int) Expectation {
	e.Min, e.Max = n, n
	return e
}

func flowExpectations() []Expectation {
	flow := func(name, from, to string, port int, app string) Expectation {
		return Expectation{Name: name, Kind: "flow", Min: 1, Match: between(from, to, m{"dst_endpoint.port": port, "app_name": app})}
	}
	return []Expectation{
		flow("the CT's images to the PACS are a DICOM flow", "ct1", "pacs", pacsPort, "dicom"),
		flow("DICOM is known on the archive's port 104 too", "pacs", "archive", archivePort, "dicom"),
		flow("the laboratory's feed is an HL7 flow", "lis", "ehr", ehrHL7, "hl7"),
		flow("orders to the laboratory are HL7 on another port", "ehr", "lis", lisHL7, "hl7"),
		flow("the record over HTTP is an HTTP flow", "nurse1", "ehr", 80, "http"),
		flow("the PACS's own pages on port 8042 are HTTP", "viewer1", "pacs", pacsHTTP, "http"),
		flow("the record over HTTPS is a TLS flow", "nurse1", "ehr", 443, "tls"),
		flow("DICOM over TLS is a TLS flow", "mr1", "archive", archiveTLS, "tls"),
		flow("names are asked for over DNS", "nurse1", "names", 53, "dns"),
		flow("tickets come over Kerberos", "nurse1", "dc", 88, "krb5"),
		flow("the directory speaks LDAP", "nurse1", "dc", 389, "ldap"),
		flow("the share speaks SMB", "nurse1", "files", 445, "smb"),
		flow("the remote shell is SSH", "nurse1", "files", 22, "ssh"),
		{Name: "a conversation over IPv6", Kind: "flow", Min: 1, Match: m{"src_endpoint.ip": viewer6Addr, "dst_endpoint.ip": ehr6Addr, "app_name": "http"}},
		{Name: "a ping", Kind: "flow", Min: 1, Match: between("ct1", "gateway", m{"connection_info.protocol_name": "icmp"})},
		{Name: "every flow has its community id", Kind: "flow", Never: true, Match: m{"connection_info.community_uid": Absent(), "connection_info.protocol_name": OneOf("tcp", "udp")}},
		{Name: "a flow shows the link address of the CT", Kind: "flow", Min: 1, Match: m{"src_endpoint.mac": "00:1d:9c:20:03:0b", "src_endpoint.ip": at("ct1")}},
		{Name: "no direction of a TCP conversation is missing from the mirror", Kind: "flow", Never: true, Match: m{"connection_info.is_one_sided": true, "app_name": Present()}},
		{Name: "nothing is lost on the mirror", Kind: "flow", Never: true, Match: m{"traffic.bytes_missed_out": Present()}},
		{Name: "nor in the other direction", Kind: "flow", Never: true, Match: m{"traffic.bytes_missed_in": Present()}},
		{Name: "no conversation is picked up in its middle", Kind: "flow", Never: true, Match: m{"connection_info.is_midstream": true, "src_endpoint.ip": notOf(at(laptop))}},
	}
}

func dnsExpectations() []Expectation {
	asked := func(name, host, kind string, more m) Expectation {
		match := between("nurse1", "names", m{"query.hostname": host, "query.type": kind})
		for k, v := range more {
			match[k] = v
		}
		return Expectation{Name: name, Kind: "dns", Min: 1, Match: match}
	}
	return []Expectation{
		asked("an address is asked for and answered", "ehr."+Domain, "A", m{"answers.rdata": at("ehr"), "rcode": "NOERROR"}),
		asked("an IPv6 address is asked for", "pacs."+Domain, "AAAA", nil),
		asked("an alias is followed", "portal."+Domain, "A", m{"answers.type": "CNAME"}),
		asked("a mail server is asked for", Domain, "MX", m{"answers.type": "MX"}),
		asked("a text is asked for", Domain, "TXT", m{"answers.type": "TXT"}),
		asked("a service is asked for", "_kerberos._udp."+Domain, "SRV", m{"answers.type": "SRV"}),
		asked("an address is turned into a name", "10.2.20.10.in-addr.arpa", "PTR", m{"answers.rdata": Contains("pacs." + Domain)}).once(),
		asked("a name that is not there is answered so", "nosuchhost."+Domain, "A", m{"rcode": "NXDOMAIN"}),
		asked("a name of the internet", "www.example.org", "A", m{"answers.rdata": internetAddr}),
	}
}

func leaseExpectations() []Expectation {
	return []Expectation{
		{Name: "the trolley's lease names it", Kind: "dhcp", Min: 1, Match: m{"device.mac": "3c:d9:2b:20:04:16", "device.hostname": "nurse2"}},
		{Name: "the trolley is given an address", Kind: "dhcp", Min: 1, Match: m{"activity_name": "ack", "device.mac": "3c:d9:2b:20:04:16", "device.ip": BeginsWith("10.20.9.")}},
		{Name: "the second pump tells its system by vendor class and parameter list", Kind: "dhcp", Min: 1, Match: m{"device.mac": "00:03:b1:20:05:0c", "dhcp.vendor_class": "infuser-os 4.2", "dhcp.fingerprint": Present()}},
		{Name: "the lease comes from the name server", Kind: "dhcp", Min: 1, Match: m{"dhcp.server_ip": at("names"), "lease_dur": 3600}},
	}
}

func ticketExpectations() []Expectation {
	return []Expectation{
		{Name: "the nurse gets a ticket of the realm", Kind: "krb5", Min: 1, Match: m{"krb5.msg_type": "KRB_AS_REP", "actor.user.name": nurse.user, "actor.user.domain": Realm, "service.name": Contains("krbtgt")}},
		{Name: "the nurse gets a ticket of the file server", Kind: "krb5", Min: 1, Match: m{"krb5.msg_type": "KRB_TGS_REP", "service.name": Contains("cifs/files." + Domain)}},
		{Name: "a ticket with an old cipher is called weak", Kind: "krb5", Min: 1, Match: m{"service.name": Contains("legacy/pacs." + Domain), "krb5.ticket_weak_encryption": true}},
		{Name: "a ticket with a good cipher is not", Kind: "krb5", Never: true, Match: m{"service.name": Contains("cifs/files." + Domain), "krb5.ticket_weak_encryption": true}},
		{Name: "a wrong password is refused", Kind: "krb5", Min: 1, Match: m{"krb5.msg_type": "KRB_ERROR", "actor.user.name": nurse.user, "status_detail": Contains("PREAUTH_FAILED")}},
		Expectation{Name: "a person whom the realm does not know", Kind: "krb5", Min: 1, Match: m{"krb5.msg_type": "KRB_ERROR", "actor.user.name": "nobodyhere", "status_detail": Contains("C_PRINCIPAL_UNKNOWN")}}.once(),
		Expectation{Name: "a service that the realm does not know, asked for twice", Kind: "krb5", Min: 1, Match: m{"krb5.msg_type": "KRB_ERROR", "service.name": Contains("nosuch/service"), "status_detail": Contains("S_PRINCIPAL_UNKNOWN")}}.times(2),
	}
}

func directoryExpectations() []Expectation {
	return []Expectation{
		Expectation{Name: "a search of the directory with its filter and result", Kind: "ldap", Min: 1, Match: between("nurse1", "dc", m{"ldap.operation": "search_request", "ldap.base_object": ldapBase, "query_info.query_string": "(mail=bdoctor@" + Domain + ")", "query_info.data_count": 1, "status_detail": Contains("success")})}.once(),
		{Name: "a bind with a password in clear", Kind: "ldap", Min: 1, Match: m{"ldap.operation": "bind_request", "ldap.dn": "uid=" + nurse.user + ",ou=staff," + ldapBase, "is_cleartext": true}},
		Expectation{Name: "a bind with a wrong password", Kind: "ldap", Min: 1, Match: m{"ldap.operation": "bind_request", "status_code": 49, "src_endpoint.ip": notOf(at(laptop))}}.once(),
		Expectation{Name: "a search below what is not there", Kind: "ldap", Min: 1, Match: m{"ldap.operation": "search_request", "status_code": 32}}.once(),
	}
}

func dicomExpectations() []Expectation {
	association := func(name, calling, called string, more m) Expectation {
		match := m{"activity_name": "Associate", "dicom.calling_ae": calling, "dicom.called_ae": called}
		for k, v := range more {
			match[k] = v
		}
		return Expectation{Name: name, Kind: "dicom", Min: 1, Match: match}
	}
	operation := func(name, activity, calling, called string, more m) Expectation {
		e := association(name, calling, called, more)
		e.Match["activity_name"] = activity
		return e
	}
	all := []Expectation{
		association("the viewer's association shows its implementation", "VIEWER1", "PACS", m{"dicom.calling_implementation_version": BeginsWith("OFFIS_DCMTK")}),
		association("the PACS's association to the archive", "PACS", "ARCHIVE", between("pacs", "archive", nil)),
		operation("the CT asks whether the PACS is there", "Echo", "CT_ROOM1", "PACS", between("ct1", "pacs", nil)),
		operation("the viewer looks for studies", "Find", "VIEWER1", "PACS", m{"dicom.query_level": "STUDY"}),
		operation("the viewer looks for series", "Find", "VIEWER1", "PACS", m{"dicom.query_level": "SERIES"}),
		operation("the viewer has a study moved to itself", "Move", "VIEWER1", "PACS", m{"dicom.move_destination": "VIEWER1"}).once(),
		operation("the PACS stores the moved study on the viewer", "Store", "PACS", "VIEWER1", between("pacs", "viewer1", nil)),
		operation("the viewer gets a series", "Get", "VIEWER1", "PACS", nil).once(),
		operation("an association under a wrong name is rejected", "Reject", "BOGUS", "WRONGAE", m{"dicom.result": Present()}).once(),
		operation("an association is aborted", "Abort", "MR_ROOM1", "PACS", nil).once(),
		operation("an unknown application entity harvests", "Find", "HARVEST", "PACS", between("attacker", "pacs", nil)),
		{Name: "a store tells its study and its size", Kind: "dicom", Min: 1, Match: m{"activity_name": "Store", "dicom.calling_ae": "CT_ROOM1", "dicom.study_uid": BeginsWith(uidRoot), "dicom.bytes": AtLeast(1000)}},
		{Name: "patients are pseudonyms in stores", Kind: "dicom", Min: len(modalities), Match: m{"activity_name": "Store", "patient.uid": Present()}},
		{Name: "one association is rejected, no more", Kind: "dicom", Never: true, Match: m{"activity_name": "Reject", "dicom.calling_ae": OneOf("CT_ROOM1", "VIEWER1", "PACS", "HARVEST")}},
	}
	for i := range modalities {
		x := &modalities[i]
		all = append(all, operation("the "+x.kind+" stores with vendor, model, serial number and software", "Store", x.ae, "PACS",
			between(x.host, "pacs", m{"dicom.modality": x.kind, "device.vendor_name": x.vendor, "device.model": x.model,
				"device.serial_number": x.serial, "device.software_version": x.software, "dicom.station_name": x.station})))
	}
	return all
}

func hl7Expectations() []Expectation {
	message := func(name, kind, trigger, app, ack string, more m) Expectation {
		match := m{"hl7.type": kind, "hl7.trigger": trigger, "hl7.sending_app": app, "hl7.ack": ack}
		for k, v := range more {
			match[k] = v
		}
		return Expectation{Name: name, Kind: "hl7", Min: 1, Match: match}
	}
	pump := pumpID("00:03:b1:20:05:0b")
	return []Expectation{
		message("an admission is accepted", "ADT", "A01", "ADMIT", "AA", between("nurse1", "ehr", m{"hl7.version": "2.5"})),
		message("a transfer", "ADT", "A02", "ADMIT", "AA", nil).once(),
		message("a discharge", "ADT", "A03", "ADMIT", "AA", nil).once(),
		message("a message with an error is told so", "ADT", "A01", "ADMIT", "AE", nil).once(),
		message("a message of a type not taken is rejected", "BAR", "P01", "BILLING", "AR", m{"src_endpoint.ip": notOf(at(laptop))}).once(),
		message("results of the laboratory", "ORU", "R01", "LAB", "AA", between("lis", "ehr", m{"hl7.version": "2.4", "hl7.observation_count": AtLeast(5)})),
		message("an order to the laboratory", "ORM", "O01", "EHR", "AA", between("ehr", "lis", m{"hl7.receiving_app": "LAB"})).times(2),
		message("a pump names itself", "ORU", "R01", "INFUSER", "AA", m{"hl7.devices": Contains(pump), "hl7.version": "2.6"}),
		message("a pump with a leased address names itself", "ORU", "R01", "INFUSER", "AA", m{"hl7.devices": Contains(pumpID("00:03:b1:20:05:0c")), "src_endpoint.ip": BeginsWith("10.20.9.")}),
		message("a bedside monitor", "ORU", "R01", "MONITOR", "AA", m{"hl7.sending_facility": "WARD3"}),
		{Name: "patients are pseudonyms in HL7", Kind: "hl7", Min: 10, Match: m{"patient.uid": Present()}},
	}
}

func httpExpectations() []Expectation {
	request := func(name, method, path string, status int, more m) Expectation {
		match := m{"http_request.http_method": method, "http_request.url.path": path, "http_response.code": status}
		for k, v := range more {
			match[k] = v
		}
		return Expectation{Name: name, Kind: "http", Min: 1, Match: match}
	}
	return []Expectation{
		request("the portal's page", "GET", "/portal/index.html", 200, between("nurse1", "ehr", m{"http_request.url.hostname": "ehr." + Domain, "http_response.content_type": Contains("text/html")})),
		{Name: "the portal's page over IPv6", Kind: "http", Min: 1, Match: m{"dst_endpoint.ip": ehr6Addr, "http_request.url.hostname": ehr6Name, "http_response.code": 200}},
		request("a redirection", "GET", "/login", 302, m{"http_response.location": Contains("/portal/index.html")}).once(),
		request("a page that is not there", "GET", "/portal/missing.png", 404, nil).once(),
		request("the server names itself", "GET", "/portal/ward.css", 200, m{"http_response.server": Contains("nginx")}),
		request("an update comes in clear from outside", "GET", "/update.bin", 200, m{"http_request.url.hostname": "updates.example.net", "http_request.user_agent": "syn-updater/2", "dst_endpoint.ip": internetAddr}),
		request("a password crosses the wire towards the PACS's pages", "GET", "/system", 200, m{"http_request.auth_scheme": "Basic"}),
		{Name: "a post of a study to the archive", Kind: "http", Min: 1, Match: m{"http_request.http_method": "POST", "http_request.url.path": "/modalities/archive/store"}},
	}
}

func fhirExpectations() []Expectation {
	interaction := func(name, resource, what string, more m) Expectation {
		match := m{"fhir.resource": resource, "fhir.interaction": what}
		for k, v := range more {
			match[k] = v
		}
		return Expectation{Name: name, Kind: "fhir", Min: 1, Match: match}
	}
	return []Expectation{
		interaction("a patient is read", "Patient", "read", m{"http_response.code": 200, "http_request.user_agent": "WardApp/3.1", "patient.uid": Present()}),
		interaction("a patient who is not there", "Patient", "read", m{"http_response.code": 404, "src_endpoint.ip": notOf(at(laptop))}).once(),
		interaction("patients are searched for", "Patient", "search-type", m{"fhir.params": "family"}),
		interaction("observations are searched for by patient", "Observation", "search-type", m{"fhir.params": "patient", "patient.uid": Present()}),
		interaction("an observation is created", "Observation", "create", m{"http_response.code": 201}).once(),
		interaction("an observation is updated", "Observation", "update", nil).once(),
		interaction("an observation is deleted", "Observation", "delete", m{"src_endpoint.ip": notOf(at(laptop))}).once(),
		Expectation{Name: "a transaction", Kind: "fhir", Min: 1, Match: m{"fhir.interaction": OneOf("transaction", "batch")}}.once(),
		{Name: "the capability statement", Kind: "fhir", Min: 1, Match: m{"fhir.interaction": "capabilities"}},
		{Name: "everything of a patient is asked for", Kind: "fhir", Min: 1, Match: m{"fhir.operation": Contains("everything")}},
		Expectation{Name: "a resource refused as nonsense", Kind: "fhir", Min: 1, Match: m{"fhir.interaction": "create", "http_response.code": 422}}.once(),
	}
}

func tlsExpectations() []Expectation {
	hello := func(name, sni string, more m) Expectation {
		match := m{"tls.sni": sni}
		for k, v := range more {
			match[k] = v
		}
		return Expectation{Name: name, Kind: "tls", Min: 1, Match: match}
	}
	return []Expectation{
		hello("the portal over TLS 1.3 with its fingerprint", "portal."+Domain, m{"tls.version": "TLS 1.3", "tls.ja4.value": BeginsWith("t13d"), "tls.ja3_hash.value": Present()}),
		hello("the record over TLS", "ehr."+Domain, between("nurse1", "ehr", nil)),
		hello("a client without HTTP/2", "intranet."+Domain, m{"tls.client_alpn": "http/1.1"}),
		hello("TLS 1.2 shows the server's certificate", "intranet."+Domain, m{"tls.version": Contains("1.2"), "tls.certificate.subject": Contains("ehr." + Domain), "tls.certificate.issuer": Contains("Lab CA")}).once(),
		hello("a page of the internet", "www.example.org", m{"dst_endpoint.ip": internetAddr}),
		hello("a device reports to its maker", "telemetry.example.net", m{"src_endpoint.ip": at("ct1")}),
		{Name: "DICOM over TLS shows no association", Kind: "dicom", Never: true, Match: m{"dicom.called_ae": "ARCHIVE_TLS"}},
		Expectation{Name: "DICOM over TLS is seen as a handshake", Kind: "tls", Min: 1, Match: between("mr1", "archive", m{"dst_endpoint.port": archiveTLS})}.once(),
	}
}

func fileExpectations() []Expectation {
	ward := Contains("ward")
	return []Expectation{
		{Name: "a session with the file server and who it is", Kind: "smb", Min: 1, Match: between("nurse1", "files", m{"actor.user.name": nurse.user, "dialect": BeginsWith("3")})},
		{Name: "the ward's share is opened", Kind: "smb", Min: 1, Match: m{"share": ward, "share_type": OneOf("FILE", "DISK")}},
		Expectation{Name: "a file is created", Kind: "smb", Min: 1, Match: m{"activity_name": "File Create", "file.name": Contains("draft.txt")}}.once(),
		{Name: "a file is written", Kind: "smb", Min: 1, Match: m{"file.name": Contains("draft.txt"), "smb.bytes_written": AtLeast(7000)}},
		Expectation{Name: "a file is renamed", Kind: "smb", Min: 1, Match: m{"activity_name": "File Rename", "file.new_name": Contains("final.txt")}}.once(),
		{Name: "a file is read", Kind: "smb", Min: 1, Match: m{"file.name": Contains("final.txt"), "smb.bytes_read": AtLeast(7000)}},
		Expectation{Name: "a file is deleted", Kind: "smb", Min: 1, Match: m{"activity_name": "File Delete", "file.name": Contains("final.txt")}}.once(),
		{Name: "a sealed session shows only that it is sealed", Kind: "smb", Min: 1, Match: m{"smb.is_encrypted": true}},
		Expectation{Name: "a wrong password at the file server", Kind: "smb", Min: 1, Match: between("nurse1", "files", m{"status_detail": "STATUS_LOGON_FAILURE"})}.once(),
		Expectation{Name: "a share that is not there", Kind: "smb", Min: 1, Match: m{"status_detail": "STATUS_BAD_NETWORK_NAME"}}.once(),
	}
}

func shellExpectations() []Expectation {
	return []Expectation{
		{Name: "a remote shell with both ends' software", Kind: "ssh", Min: 1, Match: between("nurse1", "files", m{"ssh.client.software": BeginsWith("OpenSSH"), "ssh.server.software": BeginsWith("OpenSSH"), "client_hassh.fingerprint.value": Present()})},
	}
}

func attackExpectations() []Expectation {
	return []Expectation{
		Expectation{Name: "the attacker guesses over SMB", Kind: "smb", Min: guesses, Match: between("attacker", "files", m{"status_detail": "STATUS_LOGON_FAILURE"})}.times(guesses),
		Expectation{Name: "the attacker guesses over SSH", Kind: "ssh", Min: guesses, Match: between("attacker", "files", nil)}.times(guesses),
		{Name: "the attacker's scan is many flows", Kind: "flow", Min: 500, Match: between("attacker", "pacs", m{"connection_info.protocol_name": "tcp"})},
		Expectation{Name: "the sweep of the PACS is seen", Kind: "dicom", Min: 4, Match: m{"activity_name": "Get", "dicom.calling_ae": "HARVEST"}}.times(len(modalities)),
		{Name: "names that carry data are seen", Kind: "dns", Min: 20, Match: m{"src_endpoint.ip": at("attacker"), "query.hostname": Contains(".t.example.net")}},
	}
}

func assetExpectations() []Expectation {
	models := make([]string, len(modalities))
	for i := range modalities {
		models[i] = modalities[i].model
	}
	all := []Expectation{
		{Name: "the pump is known by its EUI-64", Kind: "asset", Min: 1, Match: m{"src_endpoint.ip": at("pump1"), "device.uid": Contains(pumpID("00:03:b1:20:05:0b"))}},
		{Name: "the attacker's application entity is known", Kind: "asset", Min: 1, Match: m{"src_endpoint.ip": at("attacker"), "dicom.ae_title": "HARVEST"}},
		// Who fetches images, or passes them on, did not make them.
		{Name: "the attacker who fetches images is not taken for a modality", Kind: "asset", Never: true, Match: m{"src_endpoint.ip": at("attacker"), "device.model": OneOf(models...)}},
		{Name: "the viewer that fetches images is not taken for a modality", Kind: "asset", Never: true, Match: m{"src_endpoint.ip": at("viewer1"), "device.model": OneOf(models...)}},
		{Name: "the PACS that passes images on is not taken for a modality", Kind: "asset", Never: true, Match: m{"src_endpoint.ip": at("pacs"), "device.model": OneOf(models...)},
			Known: "a C-STORE that serves no C-MOVE does not say who made the image; it takes an inventory that knows who stores"},
	}
	for i := range modalities {
		x := &modalities[i]
		all = append(all, Expectation{Name: "the " + x.kind + " is known as what it is", Kind: "asset", Min: 1, Match: m{"src_endpoint.ip": at(x.host),
			"device.vendor_name": x.vendor, "device.model": x.model, "device.serial_number": x.serial, "dicom.ae_title": x.ae}})
	}
	return all
}

func authExpectations() []Expectation {
	attempt := func(name, protocol, outcome, from, user string) Expectation {
		return Expectation{Name: name, Kind: "auth", Min: 1, Match: m{"auth_protocol": Contains(protocol), "status": outcome, "src_endpoint.ip": at(from), "user.name": Contains(user)}}
	}
	return []Expectation{
		attempt("the nurse logs in to the file server", "NTLM", "success", "nurse1", nurse.user),
		attempt("the nurse mistypes at the file server", "NTLM", "failure", "nurse1", nurse.user).once(),
		attempt("the attacker's guesses over SMB are failed log-ins", "NTLM", "failure", "attacker", nurse.user).times(guesses),
		attempt("the nurse gets a ticket", "Kerberos", "success", "nurse1", nurse.user),
		attempt("the nurse mistypes at the KDC", "Kerberos", "failure", "nurse1", nurse.user),
		attempt("the nurse binds to the directory", "LDAP", "success", "nurse1", nurse.user),
		attempt("the nurse mistypes at the directory", "LDAP", "failure", "nurse1", nurse.user).once(),
	}
}

// LiveExpectations are what can be said only of a sensor that watched: it saw everything, the intruders of [Intrusions] too.
func LiveExpectations() []Expectation {
	return append(ruleExpectations(), []Expectation{
		{Name: "the sensor counts what it saw", Kind: "stats", Min: 1, Match: m{"traffic.packets": AtLeast(1)}},
		{Name: "the kernel drops no packet", Kind: "stats", Never: true, Match: m{"sensor.kernel_drops": Present()}},
		{Name: "the sensor drops no packet", Kind: "stats", Never: true, Match: m{"sensor.own_drops": Present()}},
		{Name: "no conversation is given up for want of room", Kind: "stats", Never: true, Match: m{"sensor.evicted_flows": Present()}},
	}...)
}

// absentExpectations are what no event may say, because it did not happen.
func absentExpectations() []Expectation {
	all := []Expectation{
		{Name: "no event is without its time", Never: true, Match: m{"time": Absent()}},
		{Name: "nobody moves a study to the attacker", Kind: "dicom", Never: true, Match: m{"activity_name": "Store", "dicom.called_ae": "HARVEST"}},
		{Name: "the PACS never asks the modalities", Kind: "dicom", Never: true, Match: m{"dicom.calling_ae": "PACS", "activity_name": OneOf("Find", "Move", "Get")}},
		{Name: "no HL7 message is without its acknowledgement", Kind: "hl7", Never: true, Match: m{"hl7.ack": Absent()}},
		{Name: "the attacker never logs in", Kind: "auth", Never: true, Match: m{"src_endpoint.ip": at("attacker"), "status": "success"}},
		{Name: "the attacker reads no FHIR", Kind: "fhir", Never: true, Match: m{"src_endpoint.ip": at("attacker")}},
		{Name: "no file is deleted but the nurse's", Kind: "smb", Never: true, Match: m{"activity_name": "File Delete", "src_endpoint.ip": at("attacker")}},
		{Name: "no server answers with an address of nowhere", Kind: "dns", Never: true, Match: m{"query.hostname": "nosuchhost." + Domain, "answers.rdata": Present()}},
	}
	for _, who := range []account{nurse, doctor} {
		all = append(all, Expectation{Name: "the password of " + who.user + " is in no event", Never: true, Match: m{anyAttribute: Contains(who.password)}})
	}
	return append(all, Expectation{Name: "the PACS's password is in no event", Never: true, Match: m{anyAttribute: Contains(pacsPassword)}},
		Expectation{Name: "nor in the form that crossed the wire", Never: true, Match: m{anyAttribute: Contains(strings.TrimRight(basicSecret, "="))}})
}
