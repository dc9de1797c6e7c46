package dicom

import "fmt"

// Tag is an element's tag, its group in the upper half.
type Tag uint32

// The elements that are kept (PS3.6).
const (
	SpecificCharacterSet  Tag = 0x0008_0005
	SOPClassUID           Tag = 0x0008_0016
	SOPInstanceUID        Tag = 0x0008_0018
	QueryRetrieveLevel    Tag = 0x0008_0052
	Modality              Tag = 0x0008_0060
	Manufacturer          Tag = 0x0008_0070
	InstitutionName       Tag = 0x0008_0080
	StationName           Tag = 0x0008_1010
	ManufacturerModelName Tag = 0x0008_1090
	PatientName           Tag = 0x0010_0010
	PatientID             Tag = 0x0010_0020
	IssuerOfPatientID     Tag = 0x0010_0021
	DeviceSerialNumber    Tag = 0x0018_1000
	SoftwareVersions      Tag = 0x0018_1020
	StudyInstanceUID      Tag = 0x0020_000D
	SeriesInstanceUID     Tag = 0x0020_000E
)

// kept lists the tags above in ascending order; the walk of an object's data set ends behind the last.
var kept = [...]Tag{
	SpecificCharacterSet, SOPClassUID, SOPInstanceUID, QueryRetrieveLevel, Modality, Manufacturer, InstitutionName, StationName,
	ManufacturerModelName, PatientName, PatientID, IssuerOfPatientID, DeviceSerialNumber, SoftwareVersions, StudyInstanceUID, SeriesInstanceUID,
}

// Bounds of what is kept of one data set.
const (
	maxWalk  = 64 << 10 // bytes that are walked
	maxValue = 256      // bytes of one value
	maxKeys  = 64       // attributes of a query
)

// String is the keyword of an attribute that queries ask by (PS3.4 annex C and K), "(gggg,eeee)" for others.
func (t Tag) String() string {
	if s := t.keyword(); s != "" {
		return s
	}
	return fmt.Sprintf("(%04X,%04X)", uint32(t)>>16, uint32(t)&0xFFFF)
}

func (t Tag) keyword() string {
	switch t {
	case SpecificCharacterSet:
		return "SpecificCharacterSet"
	case SOPClassUID:
		return "SOPClassUID"
	case SOPInstanceUID:
		return "SOPInstanceUID"
	case QueryRetrieveLevel:
		return "QueryRetrieveLevel"
	case Modality:
		return "Modality"
	case Manufacturer:
		return "Manufacturer"
	case InstitutionName:
		return "InstitutionName"
	case StationName:
		return "StationName"
	case ManufacturerModelName:
		return "ManufacturerModelName"
	case PatientName:
		return "PatientName"
	case PatientID:
		return "PatientID"
	case IssuerOfPatientID:
		return "IssuerOfPatientID"
	case DeviceSerialNumber:
		return "DeviceSerialNumber"
	case SoftwareVersions:
		return "SoftwareVersions"
	case StudyInstanceUID:
		return "StudyInstanceUID"
	case SeriesInstanceUID:
		return "SeriesInstanceUID"
	}
	return t.queryKeyword()
}

func (t Tag) queryKeyword() string {
	switch t {
	case 0x0008_0020:
		return "StudyDate"
	case 0x0008_0021:
		return "SeriesDate"
	case 0x0008_0030:
		return "StudyTime"
	case 0x0008_0031:
		return "SeriesTime"
	case 0x0008_0050:
		return "AccessionNumber"
	case 0x0008_0054:
		return "RetrieveAETitle"
	case 0x0008_0056:
		return "InstanceAvailability"
	case 0x0008_0061:
		return "ModalitiesInStudy"
	case 0x0008_0062:
		return "SOPClassesInStudy"
	case 0x0008_0090:
		return "ReferringPhysicianName"
	case 0x0008_0201:
		return "TimezoneOffsetFromUTC"
	case 0x0008_1030:
		return "StudyDescription"
	case 0x0008_103E:
		return "SeriesDescription"
	case 0x0008_1048:
		return "PhysiciansOfRecord"
	case 0x0008_1060:
		return "NameOfPhysiciansReadingStudy"
	case 0x0008_1110:
		return "ReferencedStudySequence"
	case 0x0008_1120:
		return "ReferencedPatientSequence"
	case 0x0010_0030:
		return "PatientBirthDate"
	case 0x0010_0032:
		return "PatientBirthTime"
	case 0x0010_0040:
		return "PatientSex"
	case 0x0010_1000:
		return "OtherPatientIDs"
	case 0x0010_1001:
		return "OtherPatientNames"
	case 0x0010_1010:
		return "PatientAge"
	case 0x0010_4000:
		return "PatientComments"
	case 0x0018_0015:
		return "BodyPartExamined"
	case 0x0018_1030:
		return "ProtocolName"
	case 0x0020_0010:
		return "StudyID"
	case 0x0020_0011:
		return "SeriesNumber"
	case 0x0020_0013:
		return "InstanceNumber"
	case 0x0020_1200:
		return "NumberOfPatientRelatedStudies"
	case 0x0020_1202:
		return "NumberOfPatientRelatedSeries"
	case 0x0020_1204:
		return "NumberOfPatientRelatedInstances"
	case 0x0020_1206:
		return "NumberOfStudyRelatedSeries"
	case 0x0020_1208:
		return "NumberOfStudyRelatedInstances"
	case 0x0020_1209:
		return "NumberOfSeriesRelatedInstances"
	case 0x0032_1032:
		return "RequestingPhysician"
	case 0x0032_1060:
		return "RequestedProcedureDescription"
	case 0x0038_0010:
		return "AdmissionID"
	case 0x0040_0100:
		return "ScheduledProcedureStepSequence"
	case 0x0040_1001:
		return "RequestedProcedureID"
	}
	return ""
}

// Match is how a query asks by an attribute (PS3.4 §C.2.2.2).
type Match uint8

const (
	// Universal asks for the attribute to be returned, whatever it is: the value is empty.
	Universal Match = iota
	// Single asks for one value, a list of UIDs, a range, or a sequence.
	Single
	// Wildcard asks with * or ?.
	Wildcard
)

// Key is an attribute that a query asks by.
type Key struct {
	Tag   Tag
	Match Match
}

// Elements are what is kept of a data set, as it is written but for the padding. A value is cut to 256 bytes.
type Elements struct {
	CharacterSet                        []byte
	SOPClass, SOPInstance               []byte
	Level                               []byte
	Modality, Manufacturer              []byte
	Institution, Station, Model         []byte
	PatientName, PatientID, Issuer      []byte
	SerialNumber, SoftwareVersions      []byte
	StudyInstanceUID, SeriesInstanceUID []byte
	// Keys are the attributes a query asks by, at most 64; nil where the data set is not a query.
	Keys []Key
	// Cut says that the walk did not reach its end: bytes were lost, did not make sense, or were too many.
	Cut bool
}

func (e *Elements) field(i int) *[]byte {
	switch kept[i] {
	case SpecificCharacterSet:
		return &e.CharacterSet
	case SOPClassUID:
		return &e.SOPClass
	case SOPInstanceUID:
		return &e.SOPInstance
	case QueryRetrieveLevel:
		return &e.Level
	case Modality:
		return &e.Modality
	case Manufacturer:
		return &e.Manufacturer
	case InstitutionName:
		return &e.Institution
	case StationName:
		return &e.Station
	case ManufacturerModelName:
		return &e.Model
	case PatientName:
		return &e.PatientName
	case PatientID:
		return &e.PatientID
	case IssuerOfPatientID:
		return &e.Issuer
	case DeviceSerialNumber:
		return &e.SerialNumber
	case SoftwareVersions:
		return &e.SoftwareVersions
	case StudyInstanceUID:
		return &e.StudyInstanceUID
	}
	return &e.SeriesInstanceUID
}
