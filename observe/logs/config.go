package logs

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path"
	"path/filepath"
	"time"

	"bulwark/platform/conf"
)

// Config says how logs come in. Nothing listens unless it is asked for here.
type Config struct {
	// Syslog is where machines send their logs by syslog.
	Syslog Syslog `conf:"syslog"`
	// HTTP is the address to listen at for what Winlogbeat, Filebeat, Fluent Bit, Vector and others send as if to Elasticsearch (_bulk),
	// for OTLP, and for audit events of FHIR: :9200. Senders need a token; bulwark logs token NAME makes one. Empty: not at all.
	HTTP string `conf:"http"`
	// Lumberjack is where Beats and Logstash send by their own protocol.
	Lumberjack Listener `conf:"lumberjack"`
	// OTLP is the address to listen at for OpenTelemetry by gRPC: :4317. Senders need a token. Empty: not at all.
	OTLP string `conf:"otlp"`
	// WEF is where machines with Windows forward their events.
	WEF WEF `conf:"wef"`
	// Flows is the address to listen at for NetFlow (5 and 9), IPFIX and sFlow: :2055. Empty: not at all.
	Flows string `conf:"flows"`
	// RADIUS is where switches, access points and gateways account for who is there.
	RADIUS RADIUS `conf:"radius"`
	// Files are read as they are written, through rotation.
	Files []File `conf:"files"`
	// Parsers is a folder of formats of one's own, beside those that come with the program. Empty: none.
	Parsers string `conf:"parsers"`
	// Sources say of log sources what they do not say themselves. The first that fits counts.
	Sources []SourceRule `conf:"sources"`
}

// Syslog is taken in over UDP, TCP and TLS.
type Syslog struct {
	// UDP is the address to listen at for datagrams: :5514, or 10.0.0.5:514. Empty: not at all.
	UDP string `conf:"udp"`
	// TCP is the address to listen at for connections. Empty: not at all.
	TCP string `conf:"tcp"`
	// TLS is the address to listen at for connections that are encrypted, with the console's certificate. Empty: not at all.
	TLS string `conf:"tls"`
	// ClientCA is a file of authorities, in PEM, of one of which senders by TLS need a certificate. Empty: they need none.
	ClientCA string `conf:"client_ca"`
	// CRL is a file of lists of certificates that those authorities revoked, in PEM or DER. It is read anew when it is written anew.
	// Empty: nobody is asked.
	CRL string `conf:"crl"`
	// Zone is the time zone of times that do not say theirs: Europe/Paris. Empty: this machine's.
	Zone string `conf:"zone"`

	location *time.Location
}

// Listener is where connections by TLS are taken, with the console's certificate.
type Listener struct {
	// Listen is the address to listen at. Empty: not at all.
	Listen string `conf:"listen"`
	// ClientCA is a file of authorities, in PEM, of one of which senders need a certificate. Empty: they need none.
	ClientCA string `conf:"client_ca"`
	// CRL is a file of lists of certificates that those authorities revoked, in PEM or DER. It is read anew when it is written anew.
	// Empty: nobody is asked.
	CRL string `conf:"crl"`
}

// Check refuses addresses that there are not.
func (l *Listener) Check() error {
	return errors.Join(checkAddress("listen", l.Listen), checkLists(l.CRL, l.ClientCA))
}

// checkLists refuses lists of what nobody asks for.
func checkLists(crl, ca string) error {
	if crl != "" && ca == "" {
		return conf.At("crl", errors.New("there is no client_ca to go with it"))
	}
	return nil
}

// WEF is Windows Event Forwarding: machines deliver over HTTPS and prove who they are by certificates, or over HTTP and prove it by Kerberos.
type WEF struct {
	// Listen is the address to listen at for HTTPS: :5986. Empty: not at all.
	Listen string `conf:"listen"`
	// ClientCA is a file of the authorities, in PEM, that the machines' certificates are of.
	ClientCA string `conf:"client_ca"`
	// CRL is a file of lists of certificates that those authorities revoked, in PEM or DER. It is read anew when it is written anew.
	// Empty: nobody is asked.
	CRL string `conf:"crl"`
	// Kerberos is the address to listen at for HTTP whose messages Kerberos seals: :5985. Empty: not at all.
	Kerberos string `conf:"kerberos"`
	// Keytab holds the keys of Bulwark's account in the domain, in Base64, best with file: and a path.
	Keytab conf.Secret `conf:"keytab"`
	// Subscriptions is a folder of what machines are asked for, beside what comes with the program. Empty: none.
	Subscriptions string `conf:"subscriptions"`
}

// Check refuses to listen without knowing whom to trust.
func (w *WEF) Check() error {
	bad := errors.Join(checkAddress("listen", w.Listen), checkAddress("kerberos", w.Kerberos), checkLists(w.CRL, w.ClientCA))
	if (w.Listen == "") != (w.ClientCA == "") {
		bad = errors.Join(bad, conf.At("client_ca", errors.New("it and listen go together")))
	}
	if (w.Kerberos == "") != w.Keytab.IsZero() {
		bad = errors.Join(bad, conf.At("keytab", errors.New("it and kerberos go together")))
	}
	return bad
}

// File is a file that is read, or with * and ? several.
type File struct {
	// Path is where it stands: /var/log/nginx/*.log.
	Path string `conf:"path"`
	// Format is the parser that its lines are for: postfix. Empty: the one that knows them.
	Format string `conf:"format"`
	// Host is the machine whose log it is, where its lines do not say so: pacs1. Empty: this one.
	Host string `conf:"host"`
}

// hostOf is the machine whose log a file is, where its lines do not say so; empty: none is named.
func (c *Config) hostOf(path string) string {
	for i := range c.Files {
		if f := &c.Files[i]; f.Host != "" {
			if fits, err := filepath.Match(f.Path, path); err == nil && fits {
				return f.Host
			}
		}
	}
	return ""
}

// Check refuses paths that are none.
func (f *File) Check() error {
	if !filepath.IsAbs(f.Path) {
		return conf.At("path", fmt.Errorf("%q is not an absolute path", f.Path))
	}
	if _, err := filepath.Match(f.Path, ""); err != nil {
		return conf.At("path", err)
	}
	return nil
}

// SourceRule says of some log sources how they are read.
type SourceRule struct {
	// Match says which they are.
	Match Match `conf:"match"`
	// Format is the parser that their lines are for. Empty: the one that knows them.
	Format string `conf:"format"`
	// Zone is the time zone of their times that do not say theirs.
	Zone string `conf:"zone"`
	// Name is what they are called.
	Name string `conf:"name"`

	location *time.Location
}

// Match says which log sources are meant: those to which all of it applies.
type Match struct {
	// Sender is the address or network that lines come from, or the name in the certificate or of the token.
	Sender string `conf:"sender"`
	// Host is the machine that wrote them, by its own word; * stands for anything.
	Host string `conf:"host"`
	// Stream is the file, the index or the channel; * stands for anything but a slash.
	Stream string `conf:"stream"`
}

// Check refuses addresses and zones that there are not.
func (s *Syslog) Check() error {
	bad := []error{checkLists(s.CRL, s.ClientCA)}
	for key, at := range map[string]string{"udp": s.UDP, "tcp": s.TCP, "tls": s.TLS} {
		bad = append(bad, checkAddress(key, at))
	}
	if s.ClientCA != "" && s.TLS == "" {
		bad = append(bad, conf.At("client_ca", errors.New("there is no tls to go with it")))
	}
	var err error
	if s.location, err = zone(s.Zone); err != nil {
		bad = append(bad, conf.At("zone", err))
	}
	return errors.Join(bad...)
}

// checkAddress refuses what nobody can listen at.
func checkAddress(key, at string) error {
	if at == "" {
		return nil
	}
	if _, port, err := net.SplitHostPort(at); err != nil || port == "" {
		return conf.At(key, fmt.Errorf("%q is not an address and a port, like 10.0.0.5:5514 or :5514", at))
	}
	return nil
}

// zone is the time zone of that name; nil for none.
func zone(name string) (*time.Location, error) {
	if name == "" {
		return nil, nil
	}
	return time.LoadLocation(name)
}

// Check refuses what fits nothing, and zones that there are not.
func (s *SourceRule) Check() error {
	var bad []error
	if s.Match == (Match{}) {
		bad = append(bad, conf.At("match", errors.New("it names neither a sender nor a host nor a stream")))
	}
	for key, glob := range map[string]string{"match.host": s.Match.Host, "match.stream": s.Match.Stream} {
		if _, err := path.Match(glob, ""); err != nil {
			bad = append(bad, conf.At(key, err))
		}
	}
	var err error
	if s.location, err = zone(s.Zone); err != nil {
		bad = append(bad, conf.At("zone", err))
	}
	return errors.Join(bad...)
}

// source is the first rule that fits; nil where none does.
func (c *Config) source(sender, host, stream string) *SourceRule {
	for i := range c.Sources {
		if c.Sources[i].Match.fits(sender, host, stream) {
			return &c.Sources[i]
		}
	}
	return nil
}

func (m *Match) fits(sender, host, stream string) bool {
	return fitsSender(m.Sender, sender) && fitsGlob(m.Host, host) && fitsGlob(m.Stream, stream)
}

func fitsGlob(glob, s string) bool {
	if glob == "" {
		return true
	}
	ok, err := path.Match(glob, s)
	return ok && err == nil
}

func fitsSender(want, sender string) bool {
	if want == "" || want == sender {
		return true
	}
	n, err := netip.ParsePrefix(want)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(sender)
	return err == nil && n.Contains(a)
}

// Check refuses addresses that there are not.
func (c *Config) Check() error {
	return errors.Join(checkAddress("http", c.HTTP), checkAddress("otlp", c.OTLP), checkAddress("flows", c.Flows))
}

func (s *Syslog) on() bool { return s.UDP != "" || s.TCP != "" || s.TLS != "" }
