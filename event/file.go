package event

// File is one file that crossed the wire.
type File struct {
	Name     string // patient identifiers replaced
	App      string // protocol that carried it
	Size     uint64 // bytes seen
	Type     string // media type as declared
	Activity string // Read or Write, from the point of view of Src
	Complete bool   // all of it was seen
	SHA256   string // digest of what was seen, hexadecimal; when EVE is written
	Gaps     bool   // bytes of it were lost on the way
	TxID     uint64 // place of its request in the connection, from 1; when EVE is written
	Range    string // part of a larger file that it is, as the Content-Range header says; when EVE is written
}

func (*File) Kind() Kind { return KindFile }
func (p *File) fields(c *coder) {
	c.str(1, "file.name", &p.Name)
	c.str(2, "app_name", &p.App)
	c.num(3, "file.size", &p.Size)
	c.str(4, "file.mime_type", &p.Type)
	c.str(5, "activity_name", &p.Activity)
	c.truth(6, "file.is_complete", &p.Complete)
	c.str(7, "file.sha256", &p.SHA256)
	c.truth(8, "file.has_gaps", &p.Gaps)
	c.num(9, "file.transaction_uid", &p.TxID)
	c.str(10, "file.range", &p.Range)
}
