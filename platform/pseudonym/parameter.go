package pseudonym

import "bytes"

// kind is what the name of a parameter says of its value.
type kind uint8

const (
	plain     kind = iota
	idKind         // an identifier of a patient, or a reference to one
	weakKind       // the same in hospitals, something else elsewhere: subject is a mail's title, pid a process
	nameKind       // a person's name
	titleKind      // name: a person's, or a file's
	otherKind      // a date of birth, an address, a phone number
)

// maxKey is the longest parameter name that is looked at, in bytes.
const maxKey = 48

// maxItem is the longest value that is taken for a patient's, in bytes; a list may have any number of them.
const maxItem = 512

// kindOf classes the name of a parameter: of application parameters, FHIR search parameters with their chains and
// modifiers (subject:Patient.name:exact), DICOMweb attributes by keyword or by tag (PS3.18 §8.3.4).
func kindOf(key []byte) kind {
	if len(key) == 0 || len(key) > maxKey {
		return plain
	}
	if i := bytes.LastIndexByte(key, '.'); i >= 0 {
		key = key[i+1:]
	}
	if i := bytes.IndexByte(key, ':'); i >= 0 {
		key = key[:i]
	}
	var buf [maxKey]byte
	n := 0
	for _, b := range key {
		if class[b]&wordByte != 0 {
			if 'A' <= b && b <= 'Z' {
				b += 'a' - 'A'
			}
			buf[n] = b
			n++
		}
	}
	return kindOfNormal(buf[:n])
}

func kindOfNormal(key []byte) kind {
	switch string(key) {
	case "patient", "patientid", "patid", "idpatient", "patientidentifier", "patientnumber", "patientno", "patientnum",
		"numpatient", "nopatient", "patientkey", "patientref", "otherpatientids", "ipp", "nir", "insc", "insnir", "numsecu", "mrn", "ssn", "empi", "nhsnumber", "nhsno",
		"hospitalnumber", "medicalrecordnumber", "accessionnumber",
		"identifier", "00100020", "00101000", "00080050":
		return idKind
	case "subject", "pid", "nip", "nda", "iep", "ins", "nss", "mpi", "chi", "nhs":
		return weakKind
	case "name":
		return titleKind
	case "family", "given", "familyname", "givenname", "lastname", "firstname", "surname", "forename", "maidenname",
		"birthname", "patientname", "patientsname", "patname", "patientlastname", "patientfirstname", "patientbirthname",
		"nom", "prenom", "nomnaissance", "nomusuel", "nomusage", "nompatient", "prenompatient", "phonetic", "00100010", "00101005":
		return nameKind
	case "birthdate", "birthday", "dateofbirth", "dob", "patientbirthdate", "datenaissance", "naissance", "ddn",
		"phone", "phonenumber", "tel", "telephone", "telecom", "mobile", "portable", "email", "mail", "courriel",
		"address", "adresse", "addressline", "addresscity", "addresspostalcode", "addressstate", "addresscountry", "addressuse",
		"patientaddress", "patienttelephonenumbers", "00100030", "00100032", "00101040", "00102154":
		return otherKind
	}
	return plain
}

// parameter looks at the value that begins at start, behind the name that ends at keyEnd, and returns where to go on.
func (t *scan) parameter(keyEnd, start int) int {
	k := kindOf(t.text[min(t.key, keyEnd):keyEnd])
	t.key = start
	if k == plain {
		return start
	}
	end := t.valueEnd(start)
	for i := start; ; {
		stop, most := i, min(end, i+maxItem)
		for stop < most && t.text[stop] != ',' {
			stop++
		}
		if stop == i+maxItem || !t.value(k, i, stop) {
			return i
		}
		if stop == end {
			break
		}
		i = stop + 1
	}
	t.key = end
	return end
}

// valueEnd finds where the value that begins at i ends. Delimiters count also where they were encoded, as in an
// address inside a parameter; a space only where it was not.
func (t *scan) valueEnd(i int) int {
	if i >= t.until || t.short != t.path { // a parameter inside a value ends where that ends
		t.until, t.short = t.findEnd(i), t.path
	}
	return t.until
}

func (t *scan) findEnd(i int) int {
	for ; i < len(t.text); i++ {
		switch b := t.text[i]; b {
		case '&', ';', '#', '"', '<', '>', '{', '}', '\r', '\n', '\t':
			return i
		case '/':
			if t.path {
				return i
			}
		case ' ':
			if t.raw[t.at(i)] == ' ' {
				return i
			}
		}
	}
	return i
}

// jsonValue passes over the space and the quotation mark before a JSON string.
func (t *scan) jsonValue(i int) int {
	for i < len(t.text) && (t.text[i] == ' ' || t.text[i] == '"') {
		i++
	}
	return i
}

// value masks one value of a parameter. It reports false when the value has to be looked at like any other text.
func (t *scan) value(k kind, start, end int) bool {
	for start < end && t.text[start] == '*' {
		start++
	}
	for start < end && t.text[end-1] == '*' { // a wildcard tells nothing of the patient
		end--
	}
	v := t.text[start:end]
	if len(v) == 0 {
		return true
	}
	switch k {
	case nameKind:
		t.mask(start, end, ofName)
	case otherKind:
		t.mask(start, end, ofOther)
	case titleKind:
		if !mayBeName(v) {
			return false
		}
		t.mask(start, end, ofName)
	case weakKind:
		if !hasDigit(v[:min(len(v), maxPerson)]) && bytes.IndexByte(v, '|') < 0 {
			return false
		}
		return t.idValue(start, end)
	case idKind:
		return t.idValue(start, end)
	}
	return true
}

// idValue masks the identifier in a value: all of it, or what stands behind the system in a FHIR token (system|value).
// A reference (Patient/4711, or a whole address) is left to the scan, which knows references.
func (t *scan) idValue(start, end int) bool {
	v := t.text[start:end]
	if i := bytes.LastIndexByte(v, '|'); i >= 0 {
		if start+i+1 < end {
			t.maskID(start+i+1, end, v[:i])
		}
		return true
	}
	if i := bytes.IndexByte(v, '/'); i >= 0 && !hasDigit(v[:i]) {
		return false
	}
	t.maskID(start, end, nil)
	return true
}

// mayBeName reports whether v may be a person's name: evil-loader7.php is none.
func mayBeName(v []byte) bool {
	for i, b := range v {
		switch {
		case class[b]&letter != 0:
		case b == ' ', b == '+', b == '-', b == '\'', b == '^':
		case b == '.' && (i+1 == len(v) || v[i+1] == ' ' || v[i+1] == '+'): // Dr. Smith
		default:
			return false
		}
	}
	return true
}

// isPatientSegment reports whether a path segment says that the next one is a patient's identifier.
func isPatientSegment(p []byte) bool {
	switch len(p) {
	case 6:
		return string(p) == "Person"
	case 7, 8:
		return bytes.EqualFold(p, []byte("patients")[:len(p)])
	case 13:
		return string(p) == "RelatedPerson"
	}
	return false
}

// isVerb reports whether a path segment behind /patient/ is what an application does, not whom it does it to.
func isVerb(p []byte) bool {
	var buf [12]byte
	if len(p) > len(buf) {
		return false
	}
	for i, b := range p {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		buf[i] = b
	}
	switch string(buf[:len(p)]) {
	case "list", "search", "_search", "_history", "index", "details", "detail", "edit", "create", "new", "delete", "update",
		"view", "show", "find", "lookup", "home", "default", "add", "save", "print", "export", "import", "summary",
		"history", "all", "count", "get", "data", "profile", "dashboard", "liste", "recherche", "id", "by-id", "v1", "v2":
		return true
	}
	return false
}

// isPage reports whether a path segment is a file of a web application: list.html, Search.aspx.
func isPage(p []byte) bool {
	i := bytes.LastIndexByte(p, '.')
	if i < 0 || len(p)-i-1 < 2 || len(p)-i-1 > 5 {
		return false
	}
	for _, b := range p[i+1:] {
		if class[b]&letter == 0 {
			return false
		}
	}
	return true
}
