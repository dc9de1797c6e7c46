package field

import (
	"strings"
	"testing"
)

// TestTable says that every name leads to one field, and that names of values are in lower case, as they are looked for.
func TestTable(t *testing.T) {
	owner := map[string]string{}
	for i := range Count() {
		f := At(i)
		if f.ID != i {
			t.Errorf("%s: got place %d, want %d", f.Name, f.ID, i)
		}
		for _, name := range append(append([]string{f.Name}, f.Old...), f.Sticky...) {
			if other, ok := owner[name]; ok {
				t.Errorf("%s: got the fields %s and %s, want one", name, other, f.Name)
			}
			owner[name] = f.Name
			if got := Lookup(name); got != f {
				t.Errorf("Lookup(%s): got %v, want %s", name, got, f.Name)
			}
		}
		for _, names := range []map[string]uint64{f.Enum, f.Flags} {
			for name := range names {
				if name != strings.ToLower(name) {
					t.Errorf("%s: got the value %s, want it in lower case", f.Name, name)
				}
			}
		}
	}
	if got := Lookup("http.nothing"); got != nil {
		t.Errorf("got %s for a name that is not there", got.Name)
	}
}

// TestFields says what some fields are.
func TestFields(t *testing.T) {
	for _, c := range []struct {
		name, want, app string
		kind            Kind
	}{
		{"http_client_body", "http.request_body", "http", Bytes},
		{"file_data", "file.data", "", Many},
		{"dns_query", "dns.query", "dns", Many},
		{"krb5_cname", "krb5.cname", "krb5", Many},
		{"mqtt.connack.return_code", "mqtt.reason_code", "mqtt", Integer},
		{"dce_stub_data", "dcerpc.stub_data", "dcerpc", Bytes},
		{"dicom.calling_ae", "dicom.calling_ae", "dicom", Bytes},
		{"hl7.sending_facility", "hl7.sending_facility", "hl7", Bytes},
		{"fhir.status", "fhir.status", "http", Integer},
	} {
		f := Lookup(c.name)
		if f == nil || f.Name != c.want || f.App != c.app || f.Kind != c.kind {
			t.Errorf("Lookup(%s): got %+v, want %s of %q, kind %d", c.name, f, c.want, c.app, c.kind)
		}
	}
}
