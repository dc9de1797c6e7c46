package event

// ATNA is an audit message of a hospital's systems: who opened, sent or changed what (IHE ITI-20; DICOM PS3.15 §A.5).
// Patients appear as pseudonyms; their names and what was asked for are not kept.
type ATNA struct {
	Event      string   // DICOM Instances Accessed, User Authentication, Patient Record...
	EventCode  string   // its code
	Types      []string // what narrows it down: Login, Emergency Override Started...
	Action     string   // create, read, update, delete or execute
	Outcome    string   // success, minor failure, serious failure or major failure
	Reason     string   // why it failed, in the system's words
	Users      []string // who took part, the first of whom asked for it
	AETitles   []string // DICOM nodes that took part
	Nodes      []string // machines that took part
	Source     string   // system that reports
	Site       string   // where it stands
	Patients   []string // whom it was about, as pseudonyms
	Studies    []string // instance UIDs of the studies that it was about
	Objects    uint64   // how many objects it was about
	Query      bool     // something was asked for
	BreakGlass bool     // access was taken in an emergency, or ended
	Time       string   // when, by the system's clock
}

func (*ATNA) Kind() Kind { return KindATNA }
func (p *ATNA) fields(c *coder) {
	c.str(1, "activity_name", &p.Event)
	c.str(2, "atna.event_code", &p.EventCode)
	c.strs(3, "atna.event_types", &p.Types)
	c.str(4, "atna.action", &p.Action)
	c.str(5, "status", &p.Outcome)
	c.str(6, "status_detail", &p.Reason)
	c.strs(7, "user.names", &p.Users)
	c.strs(8, "dicom.ae_titles", &p.AETitles)
	c.strs(9, "atna.nodes", &p.Nodes)
	c.str(10, "atna.source", &p.Source)
	c.str(11, "atna.site", &p.Site)
	c.strs(12, "atna.patients", &p.Patients)
	c.strs(13, "atna.studies", &p.Studies)
	c.num(14, "atna.object_count", &p.Objects)
	c.truth(15, "atna.is_query", &p.Query)
	c.truth(16, "atna.is_break_glass", &p.BreakGlass)
	c.str(17, "atna.time", &p.Time)
}
