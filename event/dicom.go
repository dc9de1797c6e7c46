package event

// DICOM is an association between two application entities (PS3.8), or one operation in it (PS3.7).
// Patients appear as pseudonyms only.
type DICOM struct {
	Activity         string   // Associate, Reject, Abort, Release, Echo, Find, Move, Get, Store, or an N-service; Secure Transport: TLS that probably carries DICOM, told when it ends
	CallingAE        string   // AE title of the side that asks
	CalledAE         string   // AE title of the side that is asked
	CallingUID       string   // Implementation Class UID of the calling side
	CallingVersion   string   // its Implementation Version Name
	CalledUID        string   // Implementation Class UID of the called side
	CalledVersion    string   // its Implementation Version Name
	SOPClasses       []string // names of the SOP classes proposed, or the one of the operation
	TransferSyntaxes []string // accepted transfer syntaxes
	Rejected         uint64   // presentation contexts the called side refused
	Result           string   // of a rejection or an abort: result, source, reason; of Secure Transport the version of TLS
	Status           string   // status of the operation, as PS3.7 annex C names its class
	StatusCode       uint64   // status of the operation
	Messages         uint64   // operations joined in this event
	Studies          uint64   // distinct studies seen
	Series           uint64   // distinct series seen
	Instances        uint64   // objects stored, or matches and sub-operations counted
	Bytes            uint64   // bytes of the data sets
	Modality         string   // Modality (0008,0060)
	Manufacturer     string   // Manufacturer (0008,0070)
	Model            string   // Manufacturer Model Name (0008,1090)
	SerialNumber     string   // Device Serial Number (0018,1000)
	Software         string   // Software Versions (0018,1020)
	Station          string   // Station Name (0008,1010)
	Institution      string   // Institution Name (0008,0080)
	Patient          string   // pseudonym
	Level            string   // PATIENT, STUDY, SERIES or IMAGE
	Keys             []string // attributes a query asks for, with = where it names a value and * where it has a wildcard
	Destination      string   // AE that a C-MOVE sends to
	StudyUID         string   // Study Instance UID (0020,000D)
	SOPClassUIDs     []string // their UIDs
	MaxPDU           uint64   // longest PDU the calling side takes, in bytes
	SeriesUID        string   // Series Instance UID (0020,000E)
	InstanceUID      string   // SOP Instance UID (0008,0018)
	Source           string   // who asked for the operation: requestor or acceptor of the association
	Confidence       string   // of Secure Transport: very likely, likely or possible; it cannot be read
	Reasons          []string // of Secure Transport: what speaks for it
}

func (*DICOM) Kind() Kind { return KindDICOM }
func (p *DICOM) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "dicom.calling_ae", &p.CallingAE)
	c.str(3, "dicom.called_ae", &p.CalledAE)
	c.str(4, "dicom.calling_implementation_uid", &p.CallingUID)
	c.str(5, "dicom.calling_implementation_version", &p.CallingVersion)
	c.str(6, "dicom.called_implementation_uid", &p.CalledUID)
	c.str(7, "dicom.called_implementation_version", &p.CalledVersion)
	c.strs(8, "dicom.sop_classes", &p.SOPClasses)
	c.strs(9, "dicom.transfer_syntaxes", &p.TransferSyntaxes)
	c.num(10, "dicom.rejected_contexts", &p.Rejected)
	c.str(11, "dicom.result", &p.Result)
	c.str(12, "status_detail", &p.Status)
	c.zero(13, "status_code", &p.StatusCode)
	c.num(14, "dicom.message_count", &p.Messages)
	c.num(15, "dicom.study_count", &p.Studies)
	c.num(16, "dicom.series_count", &p.Series)
	c.num(17, "dicom.instance_count", &p.Instances)
	c.num(18, "dicom.bytes", &p.Bytes)
	c.str(19, "dicom.modality", &p.Modality)
	c.str(20, "device.vendor_name", &p.Manufacturer)
	c.str(21, "device.model", &p.Model)
	c.str(22, "device.serial_number", &p.SerialNumber)
	c.str(23, "device.software_version", &p.Software)
	c.str(24, "dicom.station_name", &p.Station)
	c.str(25, "dicom.institution", &p.Institution)
	c.str(26, "patient.uid", &p.Patient)
	c.str(27, "dicom.query_level", &p.Level)
	c.strs(28, "dicom.query_keys", &p.Keys)
	c.str(29, "dicom.move_destination", &p.Destination)
	c.str(30, "dicom.study_uid", &p.StudyUID)
	c.strs(31, "dicom.sop_class_uids", &p.SOPClassUIDs)
	c.num(32, "dicom.max_pdu", &p.MaxPDU)
	c.str(33, "dicom.series_uid", &p.SeriesUID)
	c.str(34, "dicom.instance_uid", &p.InstanceUID)
	c.str(35, "dicom.asked_by", &p.Source)
	c.str(36, "confidence", &p.Confidence)
	c.strs(37, "dicom.reasons", &p.Reasons)
}
