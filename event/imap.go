package event

// IMAP is a command by which mail is read on its server, with what came of it (RFC 9051). Patients in its texts are
// replaced. A message that was fetched is told for itself.
type IMAP struct {
	TxID        uint64   // place in the connection, from 1
	Command     string   // in upper case: SELECT, FETCH, STORE, UID COPY...
	Args        string   // what follows it, without names, passwords and messages
	Status      string   // OK, NO, BAD; BYE or PREAUTH of a greeting; empty where no answer was seen
	Reply       string   // what follows the status
	Mailbox     string   // that is selected
	User        string   // who has signed on
	Messages    uint64   // messages that the answer told of
	TLS         bool     // TLS follows
	Part        string   // of the message that was fetched: empty, all of it; 1.2, HEADER, TEXT...
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

func (*IMAP) Kind() Kind { return KindIMAP }
func (p *IMAP) fields(c *coder) {
	c.num(1, "imap.transaction_uid", &p.TxID)
	c.str(2, "imap.command", &p.Command)
	c.str(3, "imap.args", &p.Args)
	c.str(4, "status", &p.Status)
	c.str(5, "status_detail", &p.Reply)
	c.str(6, "imap.mailbox", &p.Mailbox)
	c.str(7, "user.name", &p.User)
	c.num(8, "imap.message_count", &p.Messages)
	c.truth(9, "is_starttls", &p.TLS)
	c.str(10, "imap.part", &p.Part)
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
