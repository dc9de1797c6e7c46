package eve

import (
	"slices"
	"strings"

	"bulwark/event"
)

func (w *Writer) smtp(p *event.SMTP) {
	j := &w.j
	if p.TxID > 0 {
		j.num("tx_id", p.TxID-1)
	}
	j.open("smtp")
	j.some("helo", p.Helo)
	j.some("mail_from", p.MailFrom)
	j.list("rcpt_to", p.RcptTo)
	j.close()
	if p.Status != "" {
		w.email(p)
	}
}

func (w *Writer) email(p *event.SMTP) {
	j := &w.j
	j.open("email")
	j.str("status", p.Status)
	j.some("from", p.From)
	j.list("to", p.To)
	j.list("cc", p.Cc)
	j.list("attachment", named(p.Attachments))
	if !w.NoURLs {
		j.list("url", w.urls(p.URLs))
	}
	w.mailFields(p)
	if slices.Contains(w.MailDigests, "body") && !w.NoBodyMD5 {
		j.some("body_md5", p.BodyMD5)
	}
	if slices.Contains(w.MailDigests, "subject") {
		j.some("subject_md5", p.SubjectMD5)
	}
	j.close()
}

// named are the attachments that have a name.
func named(all []string) []string {
	if !slices.Contains(all, "") {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "" })
}

// mailFields writes what was chosen of the head.
func (w *Writer) mailFields(p *event.SMTP) {
	j := &w.j
	for _, f := range [...]struct {
		name, custom, value string
		extended            bool
	}{
		{"reply_to", "reply-to", p.ReplyTo, false},
		{"message_id", "message-id", p.MessageID, true},
		{"subject", "subject", p.Subject, true},
		{"x_mailer", "x-mailer", p.XMailer, true},
		{"user_agent", "user-agent", p.UserAgent, true},
		{"x_originating_ip", "x-originating-ip", p.XOriginatingIP, false},
		{"in_reply_to", "in-reply-to", p.InReplyTo, false},
		{"references", "references", p.References, false},
		{"importance", "importance", p.Importance, false},
		{"priority", "priority", p.Priority, false},
		{"sensitivity", "sensitivity", p.Sensitivity, false},
		{"organization", "organization", p.Organization, false},
		{"content_md5", "content-md5", p.ContentMD5, false},
		{"date", "date", p.Date, false},
	} {
		if f.extended && w.Mail || w.wantsField(f.custom) {
			j.some(f.name, f.value)
		}
	}
	if w.Mail || w.wantsField("bcc") {
		j.list("bcc", p.Bcc)
	}
	if w.wantsField("received") {
		j.list("received", p.Received)
	}
}

// wantsField reports whether a field was chosen; suricata.yaml writes it with a hyphen or an underscore.
func (w *Writer) wantsField(name string) bool {
	return slices.ContainsFunc(w.MailFields, func(s string) bool { return strings.ReplaceAll(s, "_", "-") == name })
}

// urls are the addresses of the schemes that were chosen, last first, as Suricata writes them.
func (w *Writer) urls(all []string) []string {
	var kept []string
	for _, url := range slices.Backward(all) {
		scheme, rest, _ := strings.Cut(url, "://")
		scheme = strings.ToLower(scheme)
		switch {
		case len(w.URLSchemes) == 0 && scheme != "http", len(w.URLSchemes) > 0 && !slices.Contains(w.URLSchemes, scheme):
		case w.FullURLs:
			kept = append(kept, url)
		default:
			kept = append(kept, rest)
		}
	}
	return kept
}
