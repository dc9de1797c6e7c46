package event

// File is one file that crossed the wire.
type File struct {
	Name       string // patient identifiers replaced
	App        string // protocol that carried it
	Size       uint64 // bytes seen, unpacked where the protocol had packed them
	Type       string // media type as declared
	Activity   string // Read or Write, from the point of view of Src
	Complete   bool   // all of it was seen
	SHA256     string // digest of what was seen, hexadecimal; empty when bytes in between were lost, but of the others when EVE is written
	Gaps       bool   // bytes of it were lost on the way
	TxID       uint64 // place of its request in the connection, from 1
	Range      string // part of a larger file that it is, as the Content-Range header says
	MD5        string // digest of what was seen, hexadecimal; empty where it is not asked for, or as SHA256
	SHA1       string // SHA-1 of what was seen, hexadecimal; empty as MD5 is
	Detected   string // type by content, in one word: pdf, pe, docx, dicom...; empty where it is not known
	Category   string // what such a type is: executable, script, document, archive, image, medical...
	PackedSize uint64 // bytes that crossed the wire, where the protocol had packed them; 0 where it had not
	Truncated  bool   // a limit was reached: what stood behind it was not looked at
	Bomb       bool   // what came out of the packing was beyond all measure
	Stored     string // id of the copy that was kept; empty where none was
	Format     string // how its content is encoded: the transfer syntax of a DICOM object, a UID
	Lost       uint64 // bytes that were lost on the way, where Gaps
	Carrier    string // objects of the message that carried it, as EVE has them, JSON; when EVE is written
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
	c.str(11, "file.md5", &p.MD5)
	c.str(12, "file.sha1", &p.SHA1)
	c.str(13, "file.detected_type", &p.Detected)
	c.str(14, "file.category", &p.Category)
	c.num(15, "file.packed_size", &p.PackedSize)
	c.truth(16, "file.is_truncated", &p.Truncated)
	c.truth(17, "file.is_bomb", &p.Bomb)
	c.str(18, "file.stored_uid", &p.Stored)
	c.str(20, "file.format_uid", &p.Format)
	c.num(19, "file.lost_bytes", &p.Lost)
	c.str(21, "file.carrier", &p.Carrier)
}
