package lab

import "strings"

// Patient is an invented person. No name or number belongs to anybody.
type Patient struct {
	Family, Given string
	// MRN is the medical record number, Birth the date of birth as YYYYMMDD.
	MRN, Birth, Sex string
	// Accession numbers the imaging order.
	Accession string
}

// Patients are the people who lie in the lab's beds.
var Patients = [...]Patient{
	{"QUILLERVAN", "Zephirette", "77401931", "19570314", "F", "ACX90210731"},
	{"BRANDOUZE", "Theophraste", "77401948", "19481102", "M", "ACX90210748"},
	{"OSTROMEUX", "Clothilinde", "77402057", "19930621", "F", "ACX90210857"},
	{"VALCRESSON", "Hippolyan", "77402163", "20110905", "M", "ACX90210963"},
	{"DREZANVILLE", "Maelysse", "77402281", "19700828", "F", "ACX90211081"},
	{"KERGOUZIEN", "Aurelanne", "77402394", "19391217", "F", "ACX90211194"},
}

// Identifiers lists every text that tells who a patient is. None of them may appear in an event.
func Identifiers() []string {
	var all []string
	for _, p := range Patients {
		all = append(all, p.Family, p.Given, p.MRN, p.Accession)
	}
	return all
}

// dicomName is the patient's name as DICOM writes it (PS3.5 §6.2, PN); HL7's XPN begins alike.
func (p Patient) dicomName() string { return p.Family + "^" + p.Given }

// title is the name as a web page or a file would show it.
func (p Patient) title() string {
	return p.Family[:1] + strings.ToLower(p.Family[1:]) + " " + p.Given
}
