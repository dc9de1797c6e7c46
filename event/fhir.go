package event

// FHIR is one interaction over HTTP (HL7 FHIR R4/R5, RESTful API). Patients appear as pseudonyms only.
type FHIR struct {
	Resource    string   // Patient, Observation...
	Interaction string   // read, search-type, create...
	Operation   string   // $everything...
	ResourceID  string   // a pseudonym where the resource is a patient
	Patient     string   // pseudonym of the patient the interaction names
	Params      []string // names of the search parameters
	Status      uint64   // HTTP status
	Results     uint64   // entries of the bundle, where it says
	Outcome     string   // code of an OperationOutcome
	Client      string   // user agent
	Host        string   // server asked for
	Base        string   // path before the resource
	Latency     uint64   // nanoseconds from the request to its response
}

func (*FHIR) Kind() Kind { return KindFHIR }
func (p *FHIR) fields(c *coder) {
	c.str(1, "fhir.resource", &p.Resource)
	c.str(2, "fhir.interaction", &p.Interaction)
	c.str(3, "fhir.operation", &p.Operation)
	c.str(4, "fhir.resource_id", &p.ResourceID)
	c.str(5, "patient.uid", &p.Patient)
	c.strs(6, "fhir.params", &p.Params)
	c.num(7, "http_response.code", &p.Status)
	c.num(8, "fhir.result_count", &p.Results)
	c.str(9, "fhir.outcome", &p.Outcome)
	c.str(10, "http_request.user_agent", &p.Client)
	c.str(11, "http_request.url.hostname", &p.Host)
	c.str(12, "fhir.base", &p.Base)
	c.num(13, "response_time", &p.Latency)
}
