package signature

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // servers of rules have it beside their files; TLS is what vouches for them
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// Limits of what is fetched.
const (
	maxFetched   = 128 << 20 // bytes of a source as it crosses
	maxSum       = 4 << 10   // bytes of a file that holds a checksum
	fetchTime    = 5 * time.Minute
	maxRedirects = 5
)

// Faults of fetching.
var (
	ErrFetch    = errors.New("signature: not fetched")
	ErrChecksum = errors.New("signature: the checksum differs")
)

// client fetches by https alone, through the proxy that the environment names. tlsConfig nil takes the machine's roots.
func client(roots *tls.Config) *http.Client {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: roots, TLSHandshakeTimeout: 30 * time.Second,
		ResponseHeaderTimeout: time.Minute, DisableKeepAlives: true, ForceAttemptHTTP2: true}
	return &http.Client{Transport: t, Timeout: fetchTime, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		switch {
		case r.URL.Scheme != "https":
			return fmt.Errorf("it leads on to %s, which is not https", r.URL.Redacted())
		case len(via) >= maxRedirects:
			return errors.New("it leads on and on")
		case inward(r.Context(), r.URL.Hostname()) && !inward(r.Context(), via[0].URL.Hostname()):
			return fmt.Errorf("it leads on to %s, an address of this network", r.URL.Redacted())
		}
		return nil
	}}
}

// inward reports whether a name leads into this machine or a private network. One that cannot be looked up here, as where a
// proxy does that, does not.
func inward(ctx context.Context, host string) bool {
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	return err == nil && slices.ContainsFunc(all, func(a netip.Addr) bool {
		a = a.Unmap()
		return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified()
	})
}

// plain is an address without its password, as errors may show it.
func plain(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the address"
	}
	return u.Redacted()
}

// withEnding is an address whose path ends in so much more.
func withEnding(address, ending string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	u.Path += ending
	if u.RawPath != "" {
		u.RawPath += ending
	}
	return u.String(), nil
}

// fetched is what was fetched.
type fetched struct {
	file     *os.File // at its beginning; its name is gone
	sha256   string
	verified string // by what it was verified: sha256, md5; "": nothing says what it should be
	tag      string // ETag
	same     bool   // it is what was fetched before
}

// get asks for an address.
func get(ctx context.Context, c *http.Client, address, tag string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	req.Header.Set("User-Agent", "Bulwark")
	req.Header.Set("Accept-Encoding", "identity")
	if tag != "" {
		req.Header.Set("If-None-Match", tag)
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	return resp, nil
}

// fetch fetches a source into a file without a name in dir, and verifies it.
func (s *Source) fetch(ctx context.Context, c *http.Client, dir, tag string) (*fetched, error) {
	resp, err := get(ctx, c, s.URL, tag)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && tag != "":
		return &fetched{same: true, tag: tag}, nil
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: %s answers %s", ErrFetch, plain(s.URL), resp.Status)
	}
	f, err := os.CreateTemp(dir, "fetch-*.part")
	if err != nil {
		return nil, err
	}
	out := &fetched{file: f, tag: resp.Header.Get("ETag")}
	if err = os.Remove(f.Name()); err == nil {
		err = out.fill(ctx, c, s, resp.Body)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return out, nil
}

func (f *fetched) fill(ctx context.Context, c *http.Client, s *Source, body io.Reader) error {
	strong, weak := sha256.New(), md5.New() //nolint:gosec // see the import
	n, err := io.Copy(io.MultiWriter(f.file, strong, weak), io.LimitReader(body, maxFetched+1))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrFetch, err)
	case n > maxFetched:
		return fmt.Errorf("%w: %s has more than %d bytes", ErrTooLarge, plain(s.URL), maxFetched)
	case n == 0:
		return fmt.Errorf("%w: %s is empty", ErrFetch, plain(s.URL))
	}
	f.sha256 = hex.EncodeToString(strong.Sum(nil))
	if f.verified, err = s.verify(ctx, c, strong, weak); err != nil {
		return err
	}
	_, err = f.file.Seek(0, io.SeekStart)
	return err
}

// verify compares what was fetched with what it should be. It returns by what; "" where nothing says it.
func (s *Source) verify(ctx context.Context, c *http.Client, strong, weak hash.Hash) (string, error) {
	if hexSum.MatchString(s.Checksum) {
		return compare(s.Checksum, strong, weak)
	}
	if s.Checksum != "" {
		sum, err := fetchSum(ctx, c, s.Checksum)
		if err == nil && sum == "" {
			err = fmt.Errorf("%w: there is no %s", ErrChecksum, plain(s.Checksum))
		}
		if err != nil {
			return "", err
		}
		return compare(sum, strong, weak)
	}
	for _, ending := range []string{".sha256", ".md5"} {
		address, err := withEnding(s.URL, ending)
		if err != nil {
			return "", err
		}
		sum, err := fetchSum(ctx, c, address)
		if err != nil {
			return "", err
		}
		if sum != "" {
			return compare(sum, strong, weak)
		}
	}
	return "", nil
}

func compare(want string, strong, weak hash.Hash) (string, error) {
	name, h := "sha256", strong
	if len(want) == 2*md5.Size {
		name, h = "md5", weak
	}
	if got := hex.EncodeToString(h.Sum(nil)); !strings.EqualFold(got, want) {
		return "", fmt.Errorf("%w: %s should be %s and is %s", ErrChecksum, name, strings.ToLower(want), got)
	}
	return name, nil
}

// fetchSum fetches a checksum: the first word of a file. "" where there is none there.
func fetchSum(ctx context.Context, c *http.Client, address string) (string, error) {
	resp, err := get(ctx, c, address, "")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusGone:
		return "", nil
	case resp.StatusCode != http.StatusOK:
		return "", fmt.Errorf("%w: %s answers %s", ErrFetch, plain(address), resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxSum))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrFetch, err)
	}
	words := bytes.Fields(text)
	if len(words) == 0 || !hexSum.Match(words[0]) {
		return "", nil // a page that says in words that there is nothing
	}
	return string(words[0]), nil
}
