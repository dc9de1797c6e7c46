package event

// SMTP is the sending of one message (RFC 5321), or a session that sent none (OCSF 4009). Patients in its texts are
// replaced.
type SMTP struct {
	TxID           uint64   // place in the connection, from 1
	Helo           string   // who the client says it is
	Banner         string   // what the server says of itself
	MailFrom       string   // sender of the envelope, with its brackets
	RcptTo         []string // recipients of the envelope
	Refused        uint64   // recipients that the server did not take
	Code           uint64   // number of the reply that decided; 0: none was seen
	Reply          string   // its text
	Size           uint64   // octets of the message
	Status         string   // how far the message came: PARSE_DONE, BODY_STARTED or HEADER_STARTED; empty where there is none
	From           string   // From of the message
	To             []string // its To, one address each
	Cc             []string // its Cc
	Bcc            []string // its Bcc
	ReplyTo        string   // its Reply-To
	Subject        string   // its Subject
	SubjectMD5     string   // digest of the Subject as sent, hexadecimal
	MessageID      string   // its Message-ID
	InReplyTo      string   // its In-Reply-To
	References     string   // its References
	Date           string   // its Date, as written
	Received       []string // the hops it came by, last first
	XMailer        string   // program that wrote it
	UserAgent      string   // the same, under another name
	XOriginatingIP string   // where it was written, as a web mailer says
	Importance     string   // its Importance
	Priority       string   // its Priority
	Sensitivity    string   // its Sensitivity
	Organization   string   // its Organization
	ContentMD5     string   // its Content-MD5
	Attachments    []string // names of the attachments
	Types          []string // their media types as declared, one each; empty where none is
	URLs           []string // addresses in its texts, in order
	BodyMD5        string   // digest of all behind its head, as sent, hexadecimal
	TLS            bool     // TLS follows
}

func (*SMTP) Kind() Kind { return KindSMTP }
func (p *SMTP) fields(c *coder) {
	c.num(1, "email.transaction_uid", &p.TxID)
	c.str(2, "smtp_hello", &p.Helo)
	c.str(3, "banner", &p.Banner)
	c.str(4, "email.smtp_from", &p.MailFrom)
	c.strs(5, "email.smtp_to", &p.RcptTo)
	c.num(6, "email.refused_count", &p.Refused)
	c.num(7, "status_code", &p.Code)
	c.str(8, "status_detail", &p.Reply)
	c.num(9, "email.size", &p.Size)
	c.str(10, "email.status", &p.Status)
	c.str(11, "email.from", &p.From)
	c.strs(12, "email.to", &p.To)
	c.strs(13, "email.cc", &p.Cc)
	c.strs(14, "email.bcc", &p.Bcc)
	c.str(15, "email.reply_to", &p.ReplyTo)
	c.str(16, "email.subject", &p.Subject)
	c.str(17, "email.subject_md5", &p.SubjectMD5)
	c.str(18, "email.message_uid", &p.MessageID)
	c.str(19, "email.in_reply_to", &p.InReplyTo)
	c.str(20, "email.references", &p.References)
	c.str(21, "email.date", &p.Date)
	c.strs(22, "email.received", &p.Received)
	c.str(23, "email.x_mailer", &p.XMailer)
	c.str(24, "email.user_agent", &p.UserAgent)
	c.str(25, "email.x_originating_ip", &p.XOriginatingIP)
	c.str(26, "email.importance", &p.Importance)
	c.str(27, "email.priority", &p.Priority)
	c.str(28, "email.sensitivity", &p.Sensitivity)
	c.str(29, "email.organization", &p.Organization)
	c.str(30, "email.content_md5", &p.ContentMD5)
	c.strs(31, "email.files", &p.Attachments)
	c.strs(32, "email.file_types", &p.Types)
	c.strs(33, "email.urls", &p.URLs)
	c.str(34, "email.body_md5", &p.BodyMD5)
	c.truth(35, "is_starttls", &p.TLS)
}
