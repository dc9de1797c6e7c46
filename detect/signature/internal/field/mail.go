package field

func smtp() []Field {
	f := family{app: "smtp"}
	f.bytes(toServer, "smtp.helo")
	f.bytes(toServer, "smtp.mail_from")
	f.many(toServer, "smtp.rcpt_to")
	return f.fields
}

// email are the fields of messages in SMTP, IMAP and POP3.
func email() []Field {
	var f family
	for _, name := range []string{"from", "subject", "to", "cc", "date", "message_id", "x_mailer", "body_md5"} {
		f.bytes(either, "email."+name)
	}
	f.many(either, "email.url")
	f.many(either, "email.received")
	return f.fields
}

func imap() []Field {
	f := family{app: "imap"}
	f.many(toServer, "imap.request")
	f.many(toClient, "imap.response")
	f.number(either, 8, count(0, "to_server", "to_client"), "imap.email.direction")
	f.bytes(either, "imap.email.body")
	f.many(either, "imap.email.header")
	f.many(either, "imap.email.header.name")
	f.many(either, "imap.email.header.value")
	return f.fields
}

func sip() []Field {
	f := family{app: "sip"}
	f.bytes(toServer, "sip.method")
	f.bytes(toServer, "sip.uri")
	f.bytes(toServer, "sip.request_line")
	f.bytes(toClient, "sip.stat_code")
	f.bytes(toClient, "sip.stat_msg")
	f.bytes(toClient, "sip.response_line")
	f.bytes(either, "sip.protocol")
	for _, name := range []string{"from", "to", "via", "user_agent", "content_type", "content_length"} {
		f.many(either, "sip."+name)
	}
	return f.fields
}

// sdp are the fields of descriptions of sessions, which SIP carries.
func sdp() []Field {
	f := family{app: "sip"}
	for _, name := range []string{
		"origin", "session_name", "session_info", "uri", "email", "phone_number", "connection_data", "timezone", "encryption_key",
	} {
		f.bytes(either, "sdp."+name)
	}
	for _, name := range []string{
		"bandwidth", "time", "repeat_time", "attribute", "media.media", "media.media_info", "media.session_info", "media.connection_data",
		"media.encryption_key", "media.bandwidth", "media.attribute",
	} {
		f.many(either, "sdp."+name)
	}
	return f.fields
}
