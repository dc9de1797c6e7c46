package hospital

import (
	"fmt"
	"time"

	"bulwark/event"
)

// act is one sort of conversation, and how often it happens.
type act struct {
	perSecond float64
	app       string
	from, to  []string
	proto     uint8
	port      uint16
	vlan      uint16
	out, in   uint64 // bytes, about
	says      func(*Hospital) []event.Payload
}

func acts() []act {
	modalities := []string{"10.1.10.11", "10.1.10.12", "10.1.10.21", "10.1.10.31"}
	workstations := []string{"10.1.20.14", "10.1.20.15", "10.1.20.32", "10.1.20.77", "10.1.21.8"}
	monitors := []string{"10.1.12.5", "10.1.12.6", "10.1.12.7"}
	pacs, ehr, dc, dns, files, lis := []string{"10.2.0.10"}, []string{"10.2.0.1"}, []string{"10.2.0.5"}, []string{"10.2.0.53"}, []string{"10.2.0.20"}, []string{"10.2.0.30"}
	outside := []string{"203.0.113.40", "198.51.100.7", "192.0.2.99"}
	return []act{
		{6, "dns", workstations, dns, 17, 53, 20, 80, 160, says(aName)},
		{0.4, "dicom", modalities, pacs, 6, 104, 10, 9_000_000, 12_000, says(associate, storeImages)},
		{0.15, "dicom", workstations, pacs, 6, 104, 20, 9_000, 2_400_000, says(findStudies)},
		{0.02, "dicom", workstations, pacs, 6, 104, 20, 900, 300, says(refusedAE)},
		{0.7, "hl7", lis, ehr, 6, 2575, 0, 1_900, 240, says(result)},
		{0.3, "hl7", []string{"10.2.0.31"}, ehr, 6, 2575, 0, 1_200, 240, says(admission)},
		{1.1, "fhir", workstations, ehr, 6, 443, 20, 1_400, 22_000, says(read)},
		{2.2, "tls", workstations, append(outside, ehr...), 6, 443, 20, 6_000, 90_000, says(hello)},
		{0.9, "http", workstations, []string{"10.2.0.80"}, 6, 80, 20, 900, 40_000, says(page)},
		{0.5, "smb", workstations, files, 6, 445, 20, 40_000, 500_000, says(openFile, file)},
		{0.25, "krb5", workstations, dc, 6, 88, 20, 1_900, 1_800, says(ticket, signIn)},
		{0.2, "ldap", workstations, dc, 6, 389, 20, 700, 5_000, says(lookup)},
		{0.06, "dhcp", []string{"0.0.0.0"}, []string{"255.255.255.255"}, 17, 67, 20, 340, 340, says(lease, device)},
		{0.04, "ssh", []string{"10.1.30.2"}, pacs, 6, 22, 0, 12_000, 30_000, says(shell)},
		{0.8, "", monitors, []string{"10.2.0.60"}, 17, 24105, 0, 22_000, 900, nil},
		{2, "", monitors, []string{"10.2.0.61"}, 6, 6000, 12, 8_000, 0, nil},
		{0.03, "http", workstations, outside, 6, 8080, 20, 900, 900, says(odd)},
	}
}

func says(each ...func(*Hospital) event.Payload) func(*Hospital) []event.Payload {
	return func(h *Hospital) []event.Payload {
		all := make([]event.Payload, len(each))
		for i, f := range each {
			all[i] = f(h)
		}
		return all
	}
}

func (h *Hospital) took(most time.Duration) uint64 { return uint64(h.rnd.Int64N(int64(most))) + 1e5 }

func aName(h *Hospital) event.Payload {
	name := h.pick("ehr.saint-luc.example", "pacs.saint-luc.example", "dc1.saint-luc.example", "updates.vendor.example", "time.example", "printer-3.saint-luc.example")
	d := &event.DNS{Activity: "Response", Hostname: name, Type: "A", ID: uint64(h.rnd.IntN(65535)), Rcode: "NOERROR", Latency: h.took(30 * time.Millisecond),
		Answers: []string{fmt.Sprintf("10.2.0.%d", 1+h.rnd.IntN(40))}, AnswerTypes: []string{"A"}, TTLs: []string{"300"}, AnswerNames: []string{name}, Flags: []string{"rd", "ra"}}
	if h.rnd.IntN(14) == 0 {
		d.Hostname, d.Rcode, d.Answers, d.AnswerTypes, d.TTLs, d.AnswerNames = "wpad.saint-luc.example", "NXDOMAIN", nil, nil, nil, nil
	}
	return d
}

func associate(h *Hospital) event.Payload {
	return &event.DICOM{Activity: "Associate", CallingAE: h.aeTitle(), CalledAE: "PACS1",
		CallingUID: "1.2.276.0.7230010.3.0.3.6.4", CallingVersion: "OFFIS_DCMTK_364", SOPClasses: []string{"CT Image Storage", "Verification SOP Class"},
		TransferSyntaxes: []string{"Explicit VR Little Endian", "JPEG Lossless"}, MaxPDU: 16384}
}

func storeImages(h *Hospital) event.Payload {
	ae := h.aeTitle()
	n := uint64(1 + h.rnd.IntN(90))
	return &event.DICOM{Activity: "Store", CallingAE: ae, CalledAE: "PACS1", SOPClasses: []string{ae[:2] + " Image Storage"}, Status: "Success", Messages: n,
		Studies: 1, Series: 1 + n/40, Instances: n, Bytes: n * 524_288, Modality: ae[:2], Manufacturer: "Example Medical", Model: "Scan 3000", SerialNumber: "SN-20417",
		Software: "VB40A", Station: ae, Institution: "Hôpital Saint-Luc", Patient: "p:6fd1c9a2e07b41d5", StudyUID: fmt.Sprintf("1.2.840.113619.2.55.3.%d", h.rnd.Int64N(1e9))}
}

// aeTitle is the application entity title of who began the conversation.
func (h *Hospital) aeTitle() string {
	switch h.src {
	case "10.1.10.11":
		return "CT_ROOM1"
	case "10.1.10.12":
		return "MR_ROOM2"
	case "10.1.10.21":
		return "US_BED4"
	case "10.1.10.31":
		return "XR_EMERGENCY"
	}
	return "VIEWER" + h.src[len(h.src)-1:]
}

func findStudies(h *Hospital) event.Payload {
	return &event.DICOM{Activity: "Find", CallingAE: h.aeTitle(), CalledAE: "PACS1", Level: "STUDY", Keys: []string{"PatientID", "StudyDate"}, Instances: uint64(h.rnd.IntN(14)), Messages: 1, Status: "Success", Patient: "p:0c77a41be95d2f38"}
}

func refusedAE(*Hospital) event.Payload {
	return &event.DICOM{Activity: "Reject", CallingAE: "ANY-SCU", CalledAE: "PACS1", Result: "rejected-permanent, service-user, calling-AE-title-not-recognized"}
}

func result(h *Hospital) event.Payload {
	m := &event.HL7{Type: "ORU", Trigger: "R01", Structure: "ORU_R01", Version: "2.5", SendingApp: "LIS", SendingFac: "LAB", ReceivingApp: "EHR", ReceivingFac: "SAINT-LUC",
		ControlID: fmt.Sprint(h.rnd.IntN(1e8)), Ack: "AA", Processing: "P", Segments: 12, Observations: 8, Bytes: 1900, Patient: "p:91b04fd3aa27c6e1", Location: "ICU^4^B", Latency: h.took(80 * time.Millisecond), Devices: []string{"ANALYZER-2"}}
	if h.rnd.IntN(40) == 0 {
		m.Ack, m.Errors = "AE", []string{"204"}
	}
	return m
}

func admission(h *Hospital) event.Payload {
	return &event.HL7{Type: "ADT", Trigger: h.pick("A01", "A03", "A08"), Version: "2.5", SendingApp: "ADMISSION", SendingFac: "SAINT-LUC", ReceivingApp: "EHR", ReceivingFac: "SAINT-LUC",
		ControlID: fmt.Sprint(h.rnd.IntN(1e8)), Ack: "AA", Processing: "P", Segments: 6, Bytes: 1200, Patient: "p:3aa8e1027cf0b95d", Location: "WARD2^11^A", Latency: h.took(50 * time.Millisecond)}
}

func read(h *Hospital) event.Payload {
	return &event.FHIR{Resource: h.pick("Patient", "Observation", "MedicationRequest", "Encounter"), Interaction: h.pick("read", "search-type", "search-type", "create"), Patient: "p:91b04fd3aa27c6e1",
		Params: []string{"patient", "_count"}, Status: 200, Results: uint64(h.rnd.IntN(30)), Client: "ward-app/4.2", Host: "ehr.saint-luc.example", Base: "/fhir/R4", Latency: h.took(300 * time.Millisecond)}
}

func hello(h *Hospital) event.Payload {
	name := h.pick("ehr.saint-luc.example", "updates.vendor.example", "mail.example", "telemetry.device-maker.example")
	return &event.TLS{Version: h.pick("TLS 1.3", "TLS 1.3", "TLS 1.2"), SNI: name, ClientALPN: []string{"h2", "http/1.1"}, ALPN: "h2", Cipher: "TLS_AES_128_GCM_SHA256", JA3: "cd08e31494f9531f560d64c695473da9",
		JA4: "t13d1516h2_8daaf6152771_b186095e22b6", Subject: "CN=" + name, Issuer: "CN=Example CA", Key: "ECDSA 256", NotBefore: 1_740_000_000e9, NotAfter: 1_790_000_000e9, SANs: []string{name, "www." + name}, Established: true}
}

func page(h *Hospital) event.Payload {
	return &event.HTTP{Method: "GET", Host: "intranet.saint-luc.example", URL: h.pick("/", "/menu/today", "/phonebook?name=p:77aa01", "/static/app.css"), Version: "HTTP/1.1", UserAgent: "Mozilla/5.0 (Windows NT 10.0)",
		Status: uint64([]int{200, 200, 200, 304, 404}[h.rnd.IntN(5)]), ContentType: "text/html", Length: uint64(h.rnd.IntN(90_000)), Server: "nginx", Latency: h.took(200 * time.Millisecond), TxID: 1}
}

func openFile(h *Hospital) event.Payload {
	return &event.SMB{Command: "SMB2_COMMAND_CREATE", Dialect: "3.11", Status: "STATUS_SUCCESS", Tree: `\\files\ward2`, ShareType: "FILE", File: h.pick(`roster.xlsx`, `handover\2026-03.docx`, `forms\consent.pdf`), Disposition: "FILE_OPEN", Access: "read",
		User: h.pick("m.martin", "a.dubois", "k.lefevre"), Domain: "SAINT-LUC", Operation: h.pick("File Open", "File Open", "File Create", "File Rename")}
}

func file(h *Hospital) event.Payload {
	return &event.File{Name: h.pick(`roster.xlsx`, `handover\2026-03.docx`, `forms\consent.pdf`), App: "smb", Size: uint64(h.rnd.IntN(2_000_000)), Type: "application/pdf", Activity: h.pick("Read", "Read", "Write"), Complete: true}
}

func ticket(h *Hospital) event.Payload {
	return &event.Kerberos{Message: "KRB_AS_REP", Client: h.pick("m.martin", "a.dubois", "k.lefevre", "svc-backup"), Realm: "SAINT-LUC.EXAMPLE", Service: "krbtgt/SAINT-LUC.EXAMPLE", Encryption: "aes256-cts-hmac-sha1-96", Offered: []string{"aes256-cts-hmac-sha1-96", "rc4-hmac"}}
}

func signIn(h *Hospital) event.Payload {
	a := &event.Auth{User: h.pick("m.martin", "a.dubois", "k.lefevre", "svc-backup"), Domain: "SAINT-LUC", Protocol: "Kerberos", Outcome: "success", Service: "krbtgt", Host: "WS-WARD2-07"}
	if h.rnd.IntN(9) == 0 {
		a.Outcome, a.Reason = "failure", "KDC_ERR_PREAUTH_FAILED"
	}
	return a
}

func lookup(h *Hospital) event.Payload {
	return &event.LDAP{Operation: "search_request", Base: "dc=saint-luc,dc=example", Scope: "whole_subtree", Filter: "(sAMAccountName=" + h.pick("m.martin", "a.dubois") + ")", Attributes: []string{"memberOf", "mail"}, Result: "success", Entries: 1}
}

func lease(h *Hospital) event.Payload {
	return &event.DHCP{Message: "request", XID: h.rnd.Uint64() >> 34, MAC: "00:1b:63:84:45:e6", Hostname: h.pick("WS-WARD2-07", "PUMP-ICU-04", "TABLET-12"), Assigned: "10.1.20.77", Server: "10.2.0.53", Lease: 28_800, Vendor: "MSFT 5.0", Params: "1,3,6,15,31,33,43,44"}
}

func device(h *Hospital) event.Payload {
	return &event.Asset{MAC: "00:1b:63:84:45:e6", Hostname: h.pick("WS-WARD2-07", "PUMP-ICU-04", "TABLET-12"), Vendor: "Example Medical", Model: "Infusion 5", Source: "dhcp", Role: "dhcp client"}
}

func shell(*Hospital) event.Payload {
	return &event.SSH{ClientVersion: "2.0", ClientSoftware: "OpenSSH_9.2", ServerVersion: "2.0", ServerSoftware: "OpenSSH_8.4", Kex: "curve25519-sha256", Cipher: "chacha20-poly1305@openssh.com", HostKey: "ssh-ed25519"}
}

func odd(h *Hospital) event.Payload {
	return &event.Anomaly{Type: "applayer", Event: h.pick("request_header_invalid", "unable_to_match_response_to_request"), App: "http"}
}
