package logs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"bulwark/observe/logs/internal/endpoint"
	"bulwark/observe/logs/internal/flows"
	"bulwark/observe/logs/internal/lumberjack"
	"bulwark/observe/logs/internal/syslog"
	"bulwark/observe/logs/internal/tail"
	"bulwark/observe/logs/internal/wef"
)

// open makes the intakes that the configuration asks for.
func (l *Logs) open() error {
	for _, open := range []func(*Config) error{l.openSyslog, l.openFiles, l.openHTTP, l.openLumberjack, l.openFlows, l.openRADIUS} {
		if err := open(&l.needs.Config); err != nil {
			return err
		}
	}
	return nil
}

func (l *Logs) add(i Intake, doors ...Door) { l.intakes = append(l.intakes, entrance{i, doors}) }

// serverTLS is how senders are met: with the console's certificate, and where ca names a file of authorities, with one of theirs
// that is not in a list of crl.
func (l *Logs) serverTLS(ca, crl string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: l.needs.Certificate}
	if ca == "" {
		return c, nil
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, fmt.Errorf("reading the authorities of senders: %w", err)
	}
	c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", ca)
	}
	lists, err := l.revoked(crl)
	if err != nil {
		return nil, err
	}
	c.VerifyConnection = func(s tls.ConnectionState) error { return lists.Check(s.VerifiedChains) }
	return c, nil
}

func (l *Logs) openSyslog(c *Config) error {
	if !c.Syslog.on() {
		return nil
	}
	o := syslog.Options{UDP: c.Syslog.UDP, TCP: c.Syslog.TCP, TLS: c.Syslog.TLS, Clock: l.needs.Clock, Log: l.needs.Log}
	var err error
	if o.Config, err = l.serverTLS(c.Syslog.ClientCA, c.Syslog.CRL); err != nil {
		return err
	}
	i, err := syslog.New(o)
	if err != nil {
		return fmt.Errorf("syslog: %w", err)
	}
	var doors []Door
	for _, at := range i.Addresses() {
		doors = append(doors, Door{at[0], at[1]})
	}
	l.add(i, doors...)
	return nil
}

func (l *Logs) openHTTP(c *Config) error {
	for _, at := range [...]struct{ label, listen string }{{"http", c.HTTP}, {"otlp", c.OTLP}} {
		if at.listen == "" {
			continue
		}
		i, err := endpoint.New(endpoint.Options{Label: at.label, Listen: at.listen, Certificate: l.needs.Certificate, Admit: l.tokens.admit,
			Patients: l.patients, Log: l.needs.Log})
		if err != nil {
			return err
		}
		l.add(i, Door{"https", i.Addr().String()})
	}
	return nil
}

func (l *Logs) openLumberjack(c *Config) error {
	if c.Lumberjack.Listen == "" {
		return nil
	}
	config, err := l.serverTLS(c.Lumberjack.ClientCA, c.Lumberjack.CRL)
	if err != nil {
		return err
	}
	i, err := lumberjack.New(lumberjack.Options{Listen: c.Lumberjack.Listen, TLS: config, Patients: l.patients, Log: l.needs.Log})
	if err != nil {
		return err
	}
	l.add(i, Door{"tls", i.Addr().String()})
	return nil
}

func (l *Logs) openFiles(c *Config) error {
	if len(c.Files) == 0 {
		return nil
	}
	o := tail.Options{Places: places{l.needs.DB}, Clock: l.needs.Clock, Log: l.needs.Log}
	var doors []Door
	for i, f := range c.Files {
		if f.Format != "" && !knows(l.parsers, f.Format) {
			return fmt.Errorf("files[%d].format: there is no format %q", i, f.Format)
		}
		o.Files = append(o.Files, tail.Pattern{Path: f.Path, Format: f.Format})
		doors = append(doors, Door{"file", f.Path})
	}
	l.add(tail.New(o), doors...)
	return nil
}

func (l *Logs) openFlows(c *Config) error {
	if c.Flows == "" {
		return nil
	}
	i, err := flows.New(flows.Options{Listen: c.Flows})
	if err != nil {
		return err
	}
	l.add(i, Door{"udp", i.Addr().String()})
	return nil
}

func (l *Logs) openWEF(ctx context.Context) error {
	c := &l.needs.Config.WEF
	if c.Listen == "" && c.Kerberos == "" {
		return nil
	}
	keytab, err := c.Keytab.Reveal()
	if err != nil {
		return fmt.Errorf("reading the keytab: %w", err)
	}
	lists, err := l.revoked(c.CRL)
	if err != nil {
		return err
	}
	i, err := wef.New(ctx, wef.Options{Revoked: lists, Listen: c.Listen, Kerberos: c.Kerberos, Keytab: keytab, Certificate: l.needs.Certificate, ClientCA: c.ClientCA,
		Subscriptions: c.Subscriptions, DB: l.needs.DB, Version: l.needs.Version, Log: l.needs.Log})
	if err != nil {
		return err
	}
	var doors []Door
	for _, at := range i.Addresses() {
		doors = append(doors, Door{at[0], at[1]})
	}
	l.add(i, doors...)
	return nil
}
