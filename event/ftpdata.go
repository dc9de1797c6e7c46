package event

// FTPData is one data connection of the File Transfer Protocol: a file or a listing on its way.
type FTPData struct {
	Command string // that asked for it: RETR, STOR, STOU, APPE, LIST, NLST or MLSD; empty where it was not seen
	Name    string // of the file, patients replaced; empty of a listing
	User    string // who has signed on
	Size    uint64 // bytes
	Mode    string // who connected: active (the server) or passive (the client)
	Control uint64 // flow of the control connection
}

func (*FTPData) Kind() Kind { return KindFTPData }
func (p *FTPData) fields(c *coder) {
	c.str(1, "ftp.command", &p.Command)
	c.str(2, "file.name", &p.Name)
	c.str(3, "user.name", &p.User)
	c.num(4, "file.size", &p.Size)
	c.str(5, "ftp.mode", &p.Mode)
	c.num(6, "ftp.control_uid", &p.Control)
}
