package dicomweb

// Meaning says whom the value of an attribute is about.
type Meaning uint8

// The meanings.
const (
	Unknown Meaning = iota // no attribute of DICOM, or one that is not listed here
	Thing                  // it is not about a person
	ID                     // it identifies a patient
	Name                   // it is a name of a person
	Private                // it says something else of a person: a birth date, an address
)

// MeaningOf is the meaning of an attribute by its keyword or tag (PS3.6 chapter 6), as the keys of queries name it. Behind
// the last dot of a path stands the attribute itself.
func MeaningOf(key []byte) Meaning {
	for i := len(key) - 1; i >= 0; i-- {
		if key[i] == '.' {
			key = key[i+1:]
			break
		}
	}
	switch string(key) {
	case "PatientID", "00100020", "OtherPatientIDs", "00101000", "AccessionNumber", "00080050", "AdmissionID", "00380010",
		"IssuerOfPatientID", "00100021":
		return ID
	case "PatientName", "00100010", "OtherPatientNames", "00101001", "PatientBirthName", "00101005", "PatientMotherBirthName",
		"00101060", "ReferringPhysicianName", "00080090", "PerformingPhysicianName", "00081050", "OperatorsName", "00081070",
		"RequestingPhysician", "00321032", "NameOfPhysiciansReadingStudy", "00081060", "ResponsiblePerson", "00102297":
		return Name
	case "PatientBirthDate", "00100030", "PatientBirthTime", "00100032", "PatientAddress", "00101040", "PatientTelephoneNumbers",
		"00102154", "PatientComments", "00104000", "EthnicGroup", "00102160", "PatientAge", "00101010":
		return Private
	case "StudyInstanceUID", "0020000D", "SeriesInstanceUID", "0020000E", "SOPInstanceUID", "00080018", "SOPClassUID", "00080016",
		"StudyDate", "00080020", "StudyTime", "00080030", "SeriesDate", "00080021", "Modality", "00080060", "ModalitiesInStudy",
		"00080061", "StudyID", "00200010", "StudyDescription", "00081030", "SeriesDescription", "0008103E", "SeriesNumber",
		"00200011", "InstanceNumber", "00200013", "BodyPartExamined", "00180015", "PerformedProcedureStepStartDate", "00400244",
		"PerformedProcedureStepStartTime", "00400245", "NumberOfStudyRelatedInstances", "00201208", "InstitutionName", "00080080",
		"StationName", "00081010", "Manufacturer", "00080070", "PatientSex", "00100040",
		"ProcedureStepState", "00741000", "ScheduledStationAETitle", "00400001", "ScheduledProcedureStepStartDate", "00400002",
		"InstanceAvailability", "00080056", "RetrieveURL", "00081190":
		return Thing
	}
	return Unknown
}

// asksForAttribute tells whether a query has an attribute of DICOM among its keys.
func asksForAttribute(query []byte) bool {
	for name, value := range Keys(query) {
		if MeaningOf(name) != Unknown || string(name) == "includefield" && MeaningOf(value) != Unknown {
			return true
		}
	}
	return false
}

// parameter tells whether a key is a parameter of the query itself (PS3.18 §8.3.4): what it says is of no person.
func parameter(key []byte) bool {
	switch string(key) {
	case "limit", "offset", "fuzzymatching", "includefield", "emptyvaluematching", "multiplevaluematching", "accept", "charset",
		"requestType", "studyUID", "seriesUID", "objectUID", "contentType", "frameNumber", "rows", "columns", "viewport",
		"window", "quality", "anonymize", "annotation", "transferSyntax", "deletionlock", "filter":
		return true
	}
	return false
}

// Shown tells whether the value of a key may be told as it is.
func Shown(key []byte) bool { return parameter(key) || MeaningOf(key) == Thing }
