package field

// dicom are the fields of DICOM (PS3.7, PS3.8).
func dicom() []Field {
	f := family{app: "dicom"}
	f.bytes(either, "dicom.calling_ae")
	f.bytes(either, "dicom.called_ae")
	f.many(either, "dicom.sop_class")     // names
	f.many(either, "dicom.sop_class_uid") // UIDs
	f.bytes(either, "dicom.command")      // Associate, Reject, Abort, Release, Echo, Find, Move, Get, Store...
	f.number(either, 16, nil, "dicom.status")
	f.bytes(either, "dicom.result")
	f.many(either, "dicom.transfer_syntax")
	f.many(either, "dicom.implementation_uid")
	f.many(either, "dicom.implementation_version")
	f.bytes(either, "dicom.query_level")
	f.many(either, "dicom.query_key")
	f.bytes(either, "dicom.move_destination")
	f.bytes(either, "dicom.modality")
	f.bytes(either, "dicom.manufacturer")
	f.bytes(either, "dicom.model")
	f.bytes(either, "dicom.station")
	f.number(either, 64, nil, "dicom.messages")
	f.number(either, 64, nil, "dicom.studies")
	f.number(either, 64, nil, "dicom.instances")
	f.number(either, 64, nil, "dicom.bytes")
	f.number(either, 64, nil, "dicom.rejected")
	return f.fields
}

// hl7 are the fields of HL7 version 2, most of them of the segment MSH.
func hl7() []Field {
	f := family{app: "hl7"}
	for _, name := range []string{
		"type", "trigger", "structure", "version", "sending_app", "sending_facility", "receiving_app", "receiving_facility", "control_id",
		"ack", "processing", "charset",
	} {
		f.bytes(either, "hl7."+name)
	}
	f.many(either, "hl7.device")
	f.many(either, "hl7.error")
	f.number(either, 64, nil, "hl7.segments")
	f.number(either, 64, nil, "hl7.observations")
	f.number(either, 64, nil, "hl7.bytes")
	return f.fields
}

// fhir are the fields of FHIR, which HTTP carries.
func fhir() []Field {
	f := family{app: "http"}
	f.bytes(either, "fhir.resource")
	f.bytes(either, "fhir.interaction")
	f.bytes(either, "fhir.operation")
	f.many(either, "fhir.param")
	f.number(either, 16, nil, "fhir.status")
	f.number(either, 64, nil, "fhir.results")
	f.bytes(either, "fhir.outcome")
	f.bytes(either, "fhir.base")
	return f.fields
}

// laboratory are the fields of devices of the laboratory and the bedside.
func laboratory() []Field {
	f := family{app: "astm"}
	f.bytes(either, "astm.activity")
	f.bytes(either, "astm.sender")
	f.bytes(either, "astm.receiver")
	f.many(either, "astm.test")
	f.many(either, "astm.instrument")
	f.app = "poct1a"
	f.bytes(either, "poct1a.type")
	f.bytes(either, "poct1a.device")
	f.bytes(either, "poct1a.vendor")
	f.bytes(either, "poct1a.model")
	f.bytes(either, "poct1a.ack")
	return f.fields
}
