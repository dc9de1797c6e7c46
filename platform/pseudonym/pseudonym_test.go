package pseudonym

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"testing"
)

func key(b byte) (k [32]byte) {
	for i := range k {
		k[i] = b
	}
	return k
}

func TestPatientIsTheHMACOfAuthorityAndIdentifier(t *testing.T) {
	k := key(7)
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte("HOSP\x1f12 AB"))
	want := "p~" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:10]))
	p := New(k)
	for _, v := range [][2]string{{"HOSP", "12 AB"}, {" hosp ", "12 ab"}, {"Hosp", "\t12   Ab\r\n"}} {
		if got := string(p.Patient(nil, []byte(v[0]), []byte(v[1]))); got != want || len(got) != Size {
			t.Errorf("Patient(%q, %q) = %q, want %q", v[0], v[1], got, want)
		}
	}
}

func TestPseudonymsTellApart(t *testing.T) {
	p, seen := New(key(1)), map[string]string{}
	put := func(what string, got []byte) {
		if before, ok := seen[string(got)]; ok {
			t.Errorf("%s and %s are both %s", before, what, got)
		}
		seen[string(got)] = what
	}
	put("no authority", p.Patient(nil, nil, []byte("4711")))
	put("an authority", p.Patient(nil, []byte("A"), []byte("4711")))
	put("another authority", p.Patient(nil, []byte("B"), []byte("4711")))
	put("leading zeros", p.Patient(nil, nil, []byte("04711")))
	put("a name", p.Name(nil, []byte("4711")))
	put("something else", p.Other(nil, []byte("4711")))
	put("somebody of the staff", p.Staff(nil, []byte("4711")))
	put("another key", New(key(2)).Patient(nil, nil, []byte("4711")))
	if got := New(key(1)).Patient(nil, nil, []byte("4711")); seen[string(got)] != "no authority" {
		t.Errorf("two instances of one key disagree on %s", got)
	}
	for _, empty := range []string{"", " ", "\r\n"} {
		if got := p.Patient([]byte("x"), []byte("A"), []byte(empty)); string(got) != "x" {
			t.Errorf("Patient of %q = %q, want nothing", empty, got)
		}
		if got := p.Staff(p.Family([]byte("x"), []byte(empty)), []byte(empty)); string(got) != "x" {
			t.Errorf("Family and Staff of %q = %q, want nothing", empty, got)
		}
		if got := p.Name([]byte("x"), []byte(empty)); string(got) != "x" {
			t.Errorf("Name of %q = %q, want nothing", empty, got)
		}
	}
}

func TestNamesOfOnePersonAgree(t *testing.T) {
	p := New(key(1))
	want := string(p.Name(nil, []byte("DURAND^PAUL")))
	for _, same := range []string{"Durand^Paul^^^^^L", "DURAND^PAUL^^", " DURAND ^PAUL=x^y", "DURAND&de^PAUL~SMITH^X", "=DURAND^PAUL"} {
		if got := string(p.Name(nil, []byte(same))); got != want {
			t.Errorf("Name(%q) = %s, want %s", same, got, want)
		}
	}
	for _, other := range []string{"DURAND^PAULA", "DURANDPAUL", "DURAND", "^PAUL"} {
		if got := string(p.Name(nil, []byte(other))); got == want {
			t.Errorf("Name(%q) is that of DURAND^PAUL", other)
		}
	}
}

// TestText writes P(x), P(a|x), N(x), X(x) for the pseudonyms of x.
func TestText(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a FHIR read", "/fhir/Patient/4711", "/fhir/Patient/P(4711)"},
		{"a FHIR id of letters", "http://ehr/fhir/Patient/martin-dupont?_format=json", "http://ehr/fhir/Patient/P(martin-dupont)?_format=json"},
		{"a FHIR compartment", "/fhir/Patient/ab-1/Observation?code=8480-6", "/fhir/Patient/P(ab-1)/Observation?code=8480-6"},
		{"a FHIR version", "/fhir/Patient/ab1/_history/3", "/fhir/Patient/P(ab1)/_history/3"},
		{"an operation on all patients stays", "/fhir/Patient/$match", "/fhir/Patient/$match"},
		{"an operation on one", "/fhir/Patient/77/$everything", "/fhir/Patient/P(77)/$everything"},
		{"a reference in a value", "/fhir/Observation?subject=Patient/4711&code=1", "/fhir/Observation?subject=Patient/P(4711)&code=1"},
		{"an encoded reference", "/fhir/Observation?patient=Patient%2F4711", "/fhir/Observation?patient=Patient%2FP(4711)"},
		{"a reference encoded twice", "/go?u=%252Ffhir%252FPatient%252F4711%2526x", "/go?u=%252Ffhir%252FPatient%252FP(4711)%2526x"},
		{"a whole address as reference", "/x?patient=https://ehr/fhir/Patient/4711", "/x?patient=https://ehr/fhir/Patient/P(4711)"},
		{"a reference to something else", "/fhir/Observation?subject=Device/4711", "/fhir/Observation?subject=Device/4711"},
		{"a token keeps its system", "/fhir/Patient?identifier=urn:oid:1.2.3|4711", "/fhir/Patient?identifier=urn:oid:1.2.3|P(urn:oid:1.2.3|4711)"},
		{"an encoded token", "/fhir/Patient?identifier=urn%3Aoid%3A1.2.3%7C4711", "/fhir/Patient?identifier=urn%3Aoid%3A1.2.3%7CP(urn:oid:1.2.3|4711)"},
		{"a token without a system", "?identifier=4711&x=1", "?identifier=P(4711)&x=1"},
		{"several tokens", "?identifier=a|1,b|2", "?identifier=a|P(a|1),b|P(b|2)"},
		{"chains and modifiers", "?subject:Patient.name:exact=Jean&patient.identifier=77", "?subject:Patient.name:exact=N(Jean)&patient.identifier=P(77)"},
		{"names", "/fhir/Patient?family=Dupont&given=Jean%20Paul&name=O%27Neil", "/fhir/Patient?family=N(Dupont)&given=N(Jean Paul)&name=N(O'Neil)"},
		{"dates, telephones and addresses", "?birthdate=ge1950-01-01&phone=+33612345678&email=a@b.fr&address-city=Lyon",
			"?birthdate=X(ge1950-01-01)&phone=X(+33612345678)&email=X(a@b.fr)&address-city=X(Lyon)"},
		{"a file's name is none of a person", "/dl?name=evil-loader7.php", "/dl?name=evil-loader7.php"},
		{"a mail's subject is none", "/mail?subject=Hello%20you", "/mail?subject=Hello%20you"},
		{"application parameters", "/dossier.aspx?IPP=000012&nda=24000006&page=2", "/dossier.aspx?IPP=P(000012)&nda=P(24000006)&page=2"},
		{"separators in a key do not count", "?patient_id=7&Patient-ID=8&patient[id]=9", "?patient_id=P(7)&Patient-ID=P(8)&patient[id]=P(9)"},
		{"DICOMweb keywords and tags", "/studies?PatientID=12*&PatientName=DOE^JOHN&00100020=7&00100030=19500101&StudyDate=20260101",
			"/studies?PatientID=P(12)*&PatientName=N(DOE^JOHN)&00100020=P(7)&00100030=X(19500101)&StudyDate=20260101"},
		{"UIDs stay", "/studies/1.2.840.113619.2.55.3.4943471234.9434765919/series/1.2.3", "/studies/1.2.840.113619.2.55.3.4943471234.9434765919/series/1.2.3"},
		{"JSON inside an address", `/q?f=%7B%22patientId%22%3A%224711%22%2C%22n%22%3A1%7D`, `/q?f=%7B%22patientId%22%3A%22P(4711)%22%2C%22n%22%3A1%7D`},
		{"cookies", "theme=dark; ipp=4711; x=1", "theme=dark; ipp=P(4711); x=1"},
		{"parameters in a path", "/app/ipp=4711/images/7", "/app/ipp=P(4711)/images/7"},
		{"paths of applications", "/patients/4711/edit", "/patients/P(4711)/edit"},
		{"verbs of applications stay", "/Patient/list.html", "/Patient/list.html"},
		{"the number behind a verb does not", "/Patient/Details/4711", "/Patient/Details/P(4711)"},
		{"lower-case words under a patient's path stay", "/patient/welcome/style.css", "/patient/welcome/style.css"},
		{"a NIR with its key", "/export/CR_185127611111166.pdf", "/export/CR_185127611111166.pdf"},
		{"a valid NIR", "/export/CR_279035121518989.pdf", "/export/CR_P(279035121518989).pdf"},
		{"a NIR of Corsica", "184122A00100141", "P(184122A00100141)"},
		{"a NIR as people write it", "dossier 2 79 03 51 215 189 89.pdf", "dossier P(2 79 03 51 215 189 89).pdf"},
		{"an encoded NIR", "/x/2%2079%2003%2051%20215%20189%2089", "/x/P(2 79 03 51 215 189 89)"},
		{"a NIR without its key", "/x/2790351215189/y", "/x/P(2790351215189)/y"},
		{"a time against caches", "/x.js?_=1760512345678&ts=1760512345678", "/x.js?_=1760512345678&ts=1760512345678"},
		{"a host in decimal digits", "http://user@3627734734/a", "http://user@3627734734/a"},
		{"a process, not a patient", "/notify.php?pid=ctxad&module=NDrvExe&v=", "/notify.php?pid=ctxad&module=NDrvExe&v="},
		{"a patient, perhaps a process", "/dossier?pid=4711", "/dossier?pid=P(4711)"},
		{"an NHS number", "/nhs/9434765919/gp", "/nhs/P(9434765919)/gp"},
		{"an NHS number in groups", "file 943 476 5919.doc", "file P(943 476 5919).doc"},
		{"a number with a wrong check digit", "/nhs/9434765918", "/nhs/9434765918"},
		{"seconds since 1970", "/log?at=1795305600", "/log?at=1795305600"},
		{"a name with a caret", `\\srv\img\DUPONT^JEAN_CT.dcm`, `\\srv\img\N(DUPONT^JEAN)_CT.dcm`},
		{"an encoded name", "/img/DUPONT%5EJEAN%5E%5E/1.dcm", "/img/N(DUPONT^JEAN)/1.dcm"},
		{"a caret that names nobody", "/calc?q=x^2&r=1^a", "/calc?q=x^2&r=1^a"},
		{"a folder of patients", `\\srv\Patients\DUPONT Jean 1950\CR.pdf`, `\\srv\Patients\P(DUPONT Jean 1950)\CR.pdf`},
		{"a folder of a number", `patients\4711\CR.pdf`, `patients\P(4711)\CR.pdf`},
		{"a folder of something else", `\\srv\Patients\Templates\letter 2.docx`, `\\srv\Patients\Templates\letter 2.docx`},
		{"a parameter inside a value", "?u=x/ipp=1/y&subject=subject=7&a=b", "?u=x/ipp=P(1/y)&subject=P(subject=7)&a=b"},
		{"what hunters look for", "http://198.51.100.7:8080/evil-loader7.php?cmd=id&b64=ZXZpbA==", "http://198.51.100.7:8080/evil-loader7.php?cmd=id&b64=ZXZpbA=="},
		{"broken encodings", "/a%2/b%zz%", "/a%2/b%zz%"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := New(key(3))
			got := string(p.Text([]byte("> "), []byte(tt.text)))
			want := "> " + expand(New(key(3)), tt.want)
			if got != want {
				t.Errorf("Text(%q)\ngot  %s\nwant %s", tt.text, got, want)
			}
			if again := string(p.Text(nil, []byte(got))); again != got {
				t.Errorf("masking twice: %q became %q", got, again)
			}
		})
	}
}

// expand replaces P(authority|id), N(name) and X(value) by pseudonyms.
func expand(p *Pseudonyms, s string) string {
	var b strings.Builder
	for {
		i := strings.IndexAny(s, "PNX")
		if i < 0 || i+1 >= len(s) {
			return b.String() + s
		}
		if s[i+1] != '(' {
			b.WriteString(s[:i+1])
			s = s[i+1:]
			continue
		}
		b.WriteString(s[:i])
		end := i + strings.IndexByte(s[i:], ')')
		value := s[i+2 : end]
		switch s[i] {
		case 'P':
			authority, id, found := strings.Cut(value, "|")
			if !found {
				authority, id = "", value
			}
			b.Write(p.Patient(nil, []byte(authority), []byte(id)))
		case 'N':
			b.Write(p.Name(nil, []byte(value)))
		case 'X':
			b.Write(p.Other(nil, []byte(value)))
		}
		s = s[end+1:]
	}
}

func TestLearntIdentifiersAreKnownAgain(t *testing.T) {
	p := New(key(4))
	for _, id := range []string{"584765", "PAT-0001/7", "ab12345", "1234", "MULLER", " 99 88 77 "} {
		p.Learn([]byte("HOSP"), []byte(id))
	}
	tests := []struct{ name, text, want string }{
		{"in a path", "/x/584765/y", "/x/P(HOSP|584765)/y"},
		{"in a file's name", "CT_584765_20260101.dcm", "CT_P(HOSP|584765)_20260101.dcm"},
		{"glued to letters", "IPP584765.pdf", "IPPP(HOSP|584765).pdf"},
		{"a name before it", "KERGOUZIEN_584765_letter.txt", "N(KERGOUZIEN)_P(HOSP|584765)_letter.txt"},
		{"names before it", "/x/KERGOUZIEN_Aurelanne-584765.pdf", "/x/N(KERGOUZIEN_Aurelanne)-P(HOSP|584765).pdf"},
		{"names behind it", "/x/584765%20KERGOUZIEN,Aurelanne.pdf", "/x/P(HOSP|584765)%20N(KERGOUZIEN,Aurelanne).pdf"},
		{"a name of another script", "/x/\u0418\u0432\u0430\u043d_584765.pdf", "/x/N(\u0418\u0432\u0430\u043d)_P(HOSP|584765).pdf"},
		{"small letters and endings are no names", "/x/letter_584765.PDF", "/x/letter_P(HOSP|584765).PDF"},
		{"a name beside an unknown number stays", "/x/KERGOUZIEN_584766.pdf", "/x/KERGOUZIEN_584766.pdf"},
		{"a name between two identifiers", "584765_MARTIN_584765", "P(HOSP|584765)_N(MARTIN)_P(HOSP|584765)"},
		{"in a parameter nobody knows", "?foo=584765", "?foo=P(HOSP|584765)"},
		{"in a reference", "/Patient/584765", "/Patient/P(HOSP|584765)"},
		{"in another case", "/x/AB12345", "/x/P(HOSP|AB12345)"},
		{"of several words", "/x/PAT-0001-7.pdf", "/x/P(HOSP|PAT-0001/7).pdf"},
		{"of several words, encoded", "/x/PAT-0001%2F7", "/x/P(HOSP|PAT-0001/7)"},
		{"in groups", "/x/99%2088%2077", "/x/P(HOSP|99 88 77)"},
		{"as a part of a longer number it is another number", "/x/15847651", "/x/15847651"},
		{"what is too short is not learnt", "/x/1234", "/x/1234"},
		{"what has no digit is not learnt", "/x/MULLER", "/x/MULLER"},
	}
	for _, tt := range tests {
		if got, want := string(p.Text(nil, []byte(tt.text))), expand(New(key(4)), tt.want); got != want {
			t.Errorf("%s: Text(%q)\ngot  %s\nwant %s", tt.name, tt.text, got, want)
		}
	}
}

func TestAnAuthorityIsLearntLater(t *testing.T) {
	p := New(key(4))
	p.Learn(nil, []byte("584765"))
	p.Learn([]byte("HOSP"), []byte("584765"))
	p.Learn([]byte("OTHER"), []byte("584765"))
	p.Learn(nil, []byte("584765"))
	if got, want := string(p.Text(nil, []byte("/584765"))), expand(p, "/P(HOSP|584765)"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheOldestIsForgotten(t *testing.T) {
	p := New(key(5))
	id := func(i int) []byte { return fmt.Appendf(nil, "ID%07d", i) }
	const more = 70_000
	for i := range capacity + more {
		p.Learn(nil, id(i))
		p.Learn(nil, id(i))
	}
	for i := range capacity + more {
		known := len(p.Text(nil, id(i))) == Size
		if want := i >= more; known != want {
			t.Fatalf("identifier %d known: %v, want %v", i, known, want)
		}
	}
	if len(p.known.ring) != capacity {
		t.Errorf("%d identifiers are remembered, want %d", len(p.known.ring), capacity)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	p, dst := New(key(6)), make([]byte, 0, 512)
	p.Learn([]byte("HOSP"), []byte("584765"))
	p.LearnName([]byte("LE GOFF^Ang\u00e8le~O'NEIL^ANNE"))
	texts := [][]byte{
		[]byte("/letters/LE_GOFF-ang%C3%A8le_584765.pdf"),
		[]byte("http://www.example.org/a/evil-loader7.php?cmd=id&v=12345678"),
		[]byte("/fhir/Patient/4711?identifier=urn%3Aoid%3A1.2%7C99&family=Dupont"),
	}
	got := testing.AllocsPerRun(100, func() {
		for _, s := range texts {
			dst = p.Text(dst[:0], s)
		}
		dst = p.Patient(dst[:0], dst[:3], dst[:9])
		dst = p.Name(dst[:0], []byte("DURAND^PAUL"))
		p.Learn([]byte("HOSP"), []byte("584765"))
		p.LearnName([]byte("LE GOFF^Ang\u00e8le~O'NEIL^ANNE"))
	})
	if got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

func TestRelativesHaveAFamilyNameInCommon(t *testing.T) {
	p := New(key(1))
	of := func(raw string) string { return string(p.Family(nil, []byte(raw))) }
	if of("DURAND^PAUL") != of("Durand^Anne^^^^L") || of("DURAND^PAUL") == of("DUPOND^PAUL") || of("DURAND^PAUL") == string(p.Name(nil, []byte("DURAND^PAUL"))) {
		t.Error("a family name is that of relatives, and no name")
	}
}
