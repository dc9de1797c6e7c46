package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/wneessen/go-mail"
)

// mailSender sends mail (RFC 5321) to the hospital's own server.
type mailSender struct{ channel *Channel }

func (s *mailSender) send(ctx context.Context, m *Message) error {
	out := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := errors.Join(out.From(s.channel.From), out.To(m.To)); err != nil {
		return fmt.Errorf("%w: %w", errChannel, err)
	}
	out.Subject(m.Title)
	out.SetDateWithValue(m.Made)
	out.SetMessageIDWithValue(m.ID + "@bulwark")
	out.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence answers it
	if m.Severity == "critical" || m.Severity == "high" {
		out.SetImportance(mail.ImportanceHigh)
	}
	out.SetBodyString(mail.TypeTextPlain, plain(m)+"\n")
	client, err := s.client()
	if err != nil {
		return err
	}
	if err := client.DialAndSendWithContext(ctx, out); err != nil {
		return fmt.Errorf("%w: %w", errChannel, err)
	}
	return nil
}

// client is made anew for each mail: they are few, and a password in a file may have changed.
func (s *mailSender) client() (*mail.Client, error) {
	host, text, err := net.SplitHostPort(s.channel.Server)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	with := []mail.Option{mail.WithPort(port), mail.WithTimeout(sendLimit)}
	switch s.channel.Encryption {
	case "tls":
		with = append(with, mail.WithSSL())
	case "none":
		with = append(with, mail.WithTLSPolicy(mail.NoTLS))
	default:
		with = append(with, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.channel.User != "" {
		password, err := s.channel.Password.Reveal()
		if err != nil {
			return nil, err
		}
		with = append(with, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.channel.User), mail.WithPassword(password))
	}
	return mail.NewClient(host, with...)
}
