package event

// FTP is a command of the File Transfer Protocol with the replies to it (RFC 959). Patients in its texts are replaced.
type FTP struct {
	TxID      uint64   // place in the connection, from 1; 1 is the greeting of the server
	Command   string   // in upper case; empty for what a server says unasked
	Data      string   // what follows the command; of a password only that there was one: ****
	Codes     []string // numbers of the lines of the replies
	Replies   []string // the lines without their numbers
	Code      uint64   // number of the last reply; 0: none was seen
	Done      bool     // the last reply was seen
	User      string   // who has signed on
	Port      uint64   // where the data connection goes that the command agrees on
	Address   string   // the address it goes to, where that is not the one of this connection
	Mode      string   // who connects: active (the server) or passive (the client)
	Truncated bool     // the command was longer than what is read of a line
	Cut       bool     // so was the reply
	TLS       bool     // TLS follows
	Latency   uint64   // nanoseconds from the command to the last reply
}

func (*FTP) Kind() Kind { return KindFTP }
func (p *FTP) fields(c *coder) {
	c.num(1, "ftp.transaction_uid", &p.TxID)
	c.str(2, "ftp.command", &p.Command)
	c.str(3, "ftp.command_data", &p.Data)
	c.strs(4, "ftp.reply_codes", &p.Codes)
	c.strs(5, "ftp.replies", &p.Replies)
	c.num(6, "status_code", &p.Code)
	c.truth(7, "ftp.is_answered", &p.Done)
	c.str(8, "user.name", &p.User)
	c.num(9, "ftp.port", &p.Port)
	c.str(10, "ftp.address", &p.Address)
	c.str(11, "ftp.mode", &p.Mode)
	c.truth(12, "ftp.is_truncated", &p.Truncated)
	c.truth(13, "ftp.is_reply_truncated", &p.Cut)
	c.truth(14, "is_starttls", &p.TLS)
	c.num(15, "duration", &p.Latency)
}
