package event

// TFTP is a request for a file (RFC 1350), or an error with which a transfer ended. The file itself is an event of its own.
type TFTP struct {
	Activity string   // read, write or error
	File     string   // name of the file
	Mode     string   // octet, netascii or mail
	Options  []string // options asked for (RFC 2347): blksize=1428
	Error    string   // what is wrong, by its code: file not found, access violation...
	Message  string   // the same in the server's words
}

func (*TFTP) Kind() Kind { return KindTFTP }
func (p *TFTP) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "file.name", &p.File)
	c.str(3, "tftp.mode", &p.Mode)
	c.strs(4, "tftp.options", &p.Options)
	c.str(5, "tftp.error", &p.Error)
	c.str(6, "message", &p.Message)
}
