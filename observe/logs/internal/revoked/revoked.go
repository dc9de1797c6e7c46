// Package revoked knows which certificates of senders were taken back by who issued them (RFC 5280 §5).
package revoked

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// ErrRevoked means a certificate that was taken back.
var ErrRevoked = errors.New("revoked certificate")

// mostBytes is how long a file of lists may be: a list of a million certificates has some 40 MB.
const mostBytes = 64 << 20

// Lists are the lists of a file, in PEM or DER, as they are now. Make them with [Open]; they are safe for concurrent use.
type Lists struct {
	path string

	mu    sync.RWMutex
	stamp stamp
	by    map[string][]*list // by the issuer's name
	until time.Time          // the first of them is to be replaced by then; zero: they do not say
}

// stamp tells that a file was written anew.
type stamp struct {
	at   time.Time
	size int64
}

// list is what one issuer took back.
type list struct {
	signed  *x509.RevocationList
	serials map[string]bool

	mu     sync.Mutex
	proven map[string]bool // by the certificate of who may have signed it
}

// Open reads the lists of a file.
func Open(path string) (*Lists, error) {
	l := &Lists{path: path}
	return l, l.Renew()
}

// Path is the file.
func (l *Lists) Path() string { return l.path }

// Until is when the first of the lists is to be replaced; zero: they do not say.
func (l *Lists) Until() time.Time {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.until
}

// Renew reads the file where it was written anew. What cannot be read leaves the lists as they were.
func (l *Lists) Renew() error {
	f, err := os.Open(l.path)
	if err != nil {
		return err
	}
	defer f.Close()
	about, err := f.Stat()
	if err != nil {
		return err
	}
	now := stamp{about.ModTime(), about.Size()}
	l.mu.RLock()
	same := l.by != nil && l.stamp == now
	l.mu.RUnlock()
	if same {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	if err == nil && len(text) > mostBytes {
		err = fmt.Errorf("more than %d bytes", mostBytes)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", l.path, err)
	}
	by, until, err := read(text)
	if err != nil {
		return fmt.Errorf("reading %s: %w", l.path, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stamp, l.by, l.until = now, by, until
	return nil
}

// read takes the lists out of the text of a file.
func read(text []byte) (by map[string][]*list, until time.Time, err error) {
	var all [][]byte
	if !bytes.Contains(text, []byte("-----BEGIN ")) {
		all = append(all, text)
	}
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			break
		}
		if b.Type == "X509 CRL" {
			all = append(all, b.Bytes)
		}
	}
	by = map[string][]*list{}
	for n, der := range all {
		signed, err := x509.ParseRevocationList(der)
		if err != nil {
			return nil, until, fmt.Errorf("list %d: %w", n+1, err)
		}
		x := &list{signed: signed, serials: map[string]bool{}, proven: map[string]bool{}}
		for _, e := range signed.RevokedCertificateEntries {
			if e.ReasonCode != removed {
				x.serials[string(e.SerialNumber.Bytes())] = true
			}
		}
		if end := signed.NextUpdate; !end.IsZero() && (until.IsZero() || end.Before(until)) {
			until = end
		}
		by[string(signed.RawIssuer)] = append(by[string(signed.RawIssuer)], x)
	}
	if len(all) == 0 {
		return nil, until, errors.New("there is no list of revoked certificates in it")
	}
	return by, until, nil
}

// removed is the reason removeFromCRL: the certificate is good again (RFC 5280 §5.3.1).
const removed = 8

// Check refuses a certificate of which each way to an authority goes over one that was taken back. Of an issuer without a list nothing
// is refused, nor is it where the list is older than it says it may be: who keeps a list from being fetched would silence everybody.
func (l *Lists) Check(chains [][]*x509.Certificate) error {
	if l == nil || len(chains) == 0 {
		return nil
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, chain := range chains {
		if !l.broken(chain) {
			return nil
		}
	}
	return ErrRevoked
}

func (l *Lists) broken(chain []*x509.Certificate) bool {
	for n := 0; n+1 < len(chain); n++ {
		for _, x := range l.by[string(chain[n].RawIssuer)] {
			if x.serials[string(chain[n].SerialNumber.Bytes())] && x.of(chain[n+1]) {
				return true
			}
		}
	}
	return false
}

// of reports whether an issuer signed the list: another may have the same name.
func (x *list) of(issuer *x509.Certificate) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	is, asked := x.proven[string(issuer.Raw)]
	if !asked {
		is = x.signed.CheckSignatureFrom(issuer) == nil
		x.proven[string(issuer.Raw)] = is
	}
	return is
}
