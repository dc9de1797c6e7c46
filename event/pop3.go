package event

// POP3 is a command by which mail is fetched, with its reply (RFC 1939). Patients in its texts are replaced.
type POP3 struct {
	TxID        uint64   // place in the connection, from 1; 1 is the greeting of the server
	Command     string   // in upper case; empty of the greeting
	Args        []string // what follows it; of a password only that there was one: ****
	Status      string   // OK or ERR; empty where no reply was seen
	Reply       string   // what follows the status
	Data        []string // lines of the list that was asked for; not of a message
	User        string   // who has signed on
	TLS         bool     // TLS follows
	Size        uint64   // octets of the message that was fetched
	Complete    bool     // all of it was seen
	From        string   // its From
	To          []string // its To, one address each
	Subject     string   // its Subject
	MessageID   string   // its Message-ID
	Date        string   // its Date, as written
	Attachments []string // names of its attachments
	URLs        []string // addresses in its texts, in order
}

func (*POP3) Kind() Kind { return KindPOP3 }
func (p *POP3) fields(c *coder) {
	c.num(1, "pop3.transaction_uid", &p.TxID)
	c.str(2, "pop3.command", &p.Command)
	c.strs(3, "pop3.args", &p.Args)
	c.str(4, "status", &p.Status)
	c.str(5, "status_detail", &p.Reply)
	c.strs(6, "pop3.data", &p.Data)
	c.str(7, "user.name", &p.User)
	c.truth(8, "is_starttls", &p.TLS)
	c.num(20, "email.size", &p.Size)
	c.truth(21, "email.is_complete", &p.Complete)
	c.str(22, "email.from", &p.From)
	c.strs(23, "email.to", &p.To)
	c.str(24, "email.subject", &p.Subject)
	c.str(25, "email.message_uid", &p.MessageID)
	c.str(26, "email.date", &p.Date)
	c.strs(27, "email.files", &p.Attachments)
	c.strs(28, "email.urls", &p.URLs)
}
