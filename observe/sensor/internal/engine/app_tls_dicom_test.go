package engine

import (
	"slices"
	"testing"

	"bulwark/wire/tls"
)

// gcm is TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.
const gcm = 0xc02f

func TestDICOMInsideTLSIsGraded(t *testing.T) {
	// The lengths are those that DCMTK 3.6.7 sends: an echo between echoscu and storescp.
	echo13 := tls.Lengths{Request: 228, Answer: 207, Last: [2]int{27, 27}, Records: [2]int{4, 5}}
	echo12 := tls.Lengths{Request: 235, Answer: 214, Last: [2]int{34, 34}, Records: [2]int{4, 5}}
	web := tls.Lengths{Request: 600, Answer: 1400, Last: [2]int{600, 1400}, Records: [2]int{9, 40}}
	tests := []struct {
		name    string
		port    uint16
		s       secured
		want    string
		reasons int
	}{
		{"the registered port alone is likely", 2762, secured{}, "likely", 1},
		{"the registered port with an association is very likely", 2762, secured{version: tls.VersionTLS13, followed: true, lengths: echo13}, "very likely", 3},
		{"an association on another port is possible", 4242, secured{version: tls.VersionTLS13, followed: true, lengths: echo13}, "possible", 2},
		{"so it is under TLS 1.2", 4242, secured{version: tls.VersionTLS12, suite: gcm, followed: true, lengths: echo12}, "possible", 2},
		{"with a certificate for a PACS it is likely", 4242, secured{version: tls.VersionTLS13, followed: true, lengths: echo13, imaging: true}, "likely", 3},
		{"on the port of DICOM it is very likely", 11112, secured{version: tls.VersionTLS13, followed: true, lengths: echo13}, "very likely", 3},
		{"a page is none", 443, secured{version: tls.VersionTLS13, followed: true, lengths: web}, "", 0},
		{"the portal of a PACS is none", 443, secured{version: tls.VersionTLS13, followed: true, lengths: web, imaging: true}, "", 0},
		{"the port of DICOM alone is none", 11112, secured{version: tls.VersionTLS13, followed: true, lengths: web}, "", 0},
	}
	for _, tt := range tests {
		got, reasons := tt.s.grade(tt.port, nil)
		if got != tt.want || got != "" && len(reasons) != tt.reasons {
			t.Errorf("%s: got %q for %q, want %q for %d reasons", tt.name, got, reasons, tt.want, tt.reasons)
		}
	}
}

func TestNamesOfImagingSystems(t *testing.T) {
	names := []string{"CN=pacs.hospital.example", "PACS1", "O=Clinic, CN=orthanc", "radiology-gw.example"}
	if i := slices.IndexFunc(names, func(n string) bool { return !namesImaging(n) }); i >= 0 {
		t.Errorf("%q is not taken for an imaging system", names[i])
	}
	for _, n := range []string{"CN=impacs.example", "www.example", "", "CN=capacity"} {
		if namesImaging(n) {
			t.Errorf("%q is taken for an imaging system", n)
		}
	}
}
