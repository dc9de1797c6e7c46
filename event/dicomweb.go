package event

// DICOMweb is one request of DICOM over the web (PS3.18). Patients appear as pseudonyms only.
type DICOMweb struct {
	Service      string   // QIDO-RS, WADO-RS, STOW-RS, WADO-URI or UPS-RS
	Action       string   // Search, Retrieve, Retrieve Metadata, Retrieve Frames, Store, Delete...
	Level        string   // study, series, instance, frame, bulkdata or workitem
	StudyUID     string   // Study Instance UID in the address
	SeriesUID    string   // Series Instance UID in the address
	InstanceUID  string   // SOP Instance UID in the address, or that of a work item
	Frames       string   // the frames that are asked for
	Keys         []string // what a search asks by, as "StudyDate=20261122"; what is of a person is a pseudonym, or left out
	Patient      string   // pseudonym of the patient whom the request or what it stores names
	Accept       string   // media types that the client takes
	RequestType  string   // content type of the request
	ContentType  string   // content type of the response
	Status       uint64   // HTTP status
	Results      uint64   // objects found, parts retrieved, or instances stored
	Failed       uint64   // instances that were not stored
	RequestBytes uint64   // bytes of the request's body
	Bytes        uint64   // bytes of the response's body
	Modality     string   // Modality (0008,0060) of the first object stored
	Client       string   // user agent
	Host         string   // server asked for
	Base         string   // path before the first resource
	Latency      uint64   // nanoseconds from the request to its response
}

func (*DICOMweb) Kind() Kind { return KindDICOMweb }
func (p *DICOMweb) fields(c *coder) {
	c.str(1, "dicomweb.service", &p.Service)
	c.str(2, "dicomweb.action", &p.Action)
	c.str(3, "dicomweb.level", &p.Level)
	c.str(4, "dicom.study_uid", &p.StudyUID)
	c.str(5, "dicom.series_uid", &p.SeriesUID)
	c.str(6, "dicom.instance_uid", &p.InstanceUID)
	c.str(7, "dicomweb.frames", &p.Frames)
	c.strs(8, "dicom.query_keys", &p.Keys)
	c.str(9, "patient.uid", &p.Patient)
	c.str(10, "http_request.accept", &p.Accept)
	c.str(11, "http_request.content_type", &p.RequestType)
	c.str(12, "http_response.content_type", &p.ContentType)
	c.num(13, "http_response.code", &p.Status)
	c.num(14, "dicomweb.result_count", &p.Results)
	c.num(15, "dicomweb.failed_count", &p.Failed)
	c.num(16, "http_request.body_length", &p.RequestBytes)
	c.num(17, "http_response.body_length", &p.Bytes)
	c.str(18, "dicom.modality", &p.Modality)
	c.str(19, "http_request.user_agent", &p.Client)
	c.str(20, "http_request.url.hostname", &p.Host)
	c.str(21, "dicomweb.base", &p.Base)
	c.num(22, "response_time", &p.Latency)
}
