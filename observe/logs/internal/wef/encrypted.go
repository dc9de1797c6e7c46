package wef

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"bulwark/observe/logs/internal/intake"
	"bulwark/observe/logs/internal/wef/gss"
)

// Why machines that prove who they are by Kerberos are refused.
const (
	reasonTicket  = "ticket of Kerberos not good"
	reasonEnded   = "ticket of Kerberos ended"
	reasonWeak    = "key of Kerberos other than AES"
	reasonOneWay  = "machine did not ask who we are"
	reasonPerson  = "not the account of a machine"
	reasonToken   = "not a token of Kerberos"
	reasonNoProof = "no ticket of Kerberos" // as each machine's first request
	reasonOpen    = "message not sealed"
	reasonSeal    = "seal not good, or out of turn"
)

var reasonOf = []struct {
	err    error
	reason string
}{{gss.ErrTicket, reasonTicket}, {gss.ErrWeak, reasonWeak}, {gss.ErrOneWay, reasonOneWay}, {gss.ErrMachine, reasonPerson}, {gss.ErrToken, reasonToken}}

// session is what one connection has agreed on by Kerberos.
type session struct{ context *gss.Context }

type sessionKey struct{}

// remember gives each connection a session.
func remember(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, sessionKey{}, new(session))
}

// KerberosHandler answers what comes over HTTP: machines show a ticket once on a connection, and seal all messages ([MS-WSMV] 2.2.9.1).
func (i *Intake) KerberosHandler(to intake.Sink) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, ok := r.Context().Value(sessionKey{}).(*session)
		if !ok || !i.prove(s, w, r) {
			return
		}
		c := &call{Intake: i, to: to, identity: s.context.Identity, sender: sender(r), base: "http://" + r.Host, w: w, sealed: s.context, protocol: protocol}
		c.serve(r)
	})
}

// prove reports whether a connection has proved, now or before, whose it is; if not, it is answered how it may.
func (i *Intake) prove(s *session, w http.ResponseWriter, r *http.Request) bool {
	scheme, token, shown := strings.Cut(r.Header.Get("Authorization"), " ")
	shown = shown && (strings.EqualFold(scheme, "Kerberos") || strings.EqualFold(scheme, "Negotiate"))
	switch {
	case shown:
		c, answer, err := i.accept(token)
		if err != nil {
			s.context = nil
			i.refuse(w, r, err)
			return false
		}
		s.context = c
		w.Header().Set("WWW-Authenticate", scheme+" "+base64.StdEncoding.EncodeToString(answer))
	case s.context == nil:
		i.Add(reasonNoProof, 1)
		i.challenge(w)
		return false
	case time.Now().After(s.context.Ends):
		s.context = nil
		i.Add(reasonEnded, 1)
		i.challenge(w)
		return false
	}
	return true
}

func (i *Intake) accept(token string) (*gss.Context, []byte, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(token))
	if err != nil {
		return nil, nil, gss.ErrToken
	}
	return i.keys.Accept(raw)
}

func (i *Intake) refuse(w http.ResponseWriter, r *http.Request, err error) {
	reason := reasonToken
	for _, known := range reasonOf {
		if errors.Is(err, known.err) {
			reason = known.reason
		}
	}
	i.Add(reason, 1)
	if i.opt.Log != nil {
		i.opt.Log.Debug("wef: a machine was refused", "sender", r.RemoteAddr, "error", err)
	}
	i.challenge(w)
}

func (*Intake) challenge(w http.ResponseWriter) {
	w.Header()["WWW-Authenticate"] = []string{"Kerberos", "Negotiate"}
	w.WriteHeader(http.StatusUnauthorized)
}

// The parts of a sealed message ([MS-WSMV] 2.2.9.1.1).
const (
	boundary   = "--Encrypted Boundary"
	octets     = "Content-Type: application/octet-stream\r\n"
	protocol   = "application/HTTP-Kerberos-session-encrypted"
	negotiated = "application/HTTP-SPNEGO-session-encrypted"
)

// unseal opens a request: a part that says what it was, and one with the length of the signature, the signature and the message.
func (c *call) unseal(r *http.Request, body []byte) ([]byte, bool) {
	if !strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "multipart/encrypted") {
		c.Add(reasonOpen, 1)
		c.w.WriteHeader(http.StatusUnsupportedMediaType)
		return nil, false
	}
	if bytes.Contains(body[:min(len(body), 512)], []byte(negotiated)) {
		c.protocol = negotiated
	}
	_, sealed, ok := bytes.Cut(body, []byte(octets))
	sealed, closed := bytes.CutSuffix(bytes.TrimSuffix(sealed, []byte("\r\n")), []byte(boundary+"--"))
	if ok && closed && len(sealed) > 4 && uint64(binary.LittleEndian.Uint32(sealed)) <= uint64(len(sealed)-4) {
		plain, err := c.sealed.Open(sealed[4:])
		if err == nil {
			return plain, true
		}
	}
	c.Add(reasonSeal, 1)
	c.w.Header().Set("Connection", "close") // the order of messages is lost
	c.w.WriteHeader(http.StatusBadRequest)
	return nil, false
}

// seal makes the body of an answer, and says of what form it is.
func (c *call) seal(text []byte) (form string, body []byte, err error) {
	signature, sealed, err := c.sealed.Seal(text)
	if err != nil {
		return "", nil, err
	}
	b := fmt.Appendf(nil, "%s\r\nContent-Type: %s\r\nOriginalContent: type=application/soap+xml;charset=%s;Length=%d\r\n%s\r\n%s",
		boundary, c.protocol, c.charset.String(), len(text), boundary, octets)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(signature)))
	form = fmt.Sprintf(`multipart/encrypted;protocol="%s";boundary="%s"`, c.protocol, boundary[2:])
	return form, append(append(append(b, signature...), sealed...), boundary+"--\r\n"...), nil
}
