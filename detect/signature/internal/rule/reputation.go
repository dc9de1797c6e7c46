package rule

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// Limits of lists of reputations (Suricata: SREP_MAX_CATS, SREP_MAX_VAL).
const (
	maxCategories  = 60
	maxScore       = 127
	maxReputations = 1 << 20 // addresses and networks, of all lists
)

// Reputation is what lists say of addresses, by categories (Suricata User Guide, "IP Reputation"). Its zero value knows
// nothing.
type Reputation struct {
	categories map[string]uint8
	scores     map[scoreOf]uint8
	lengths    [2][129]bool // lengths of the networks that are known, of IPv4 and of IPv6
}

type scoreOf struct {
	category uint8
	network  netip.Prefix
}

// Categories adds the categories of a file: lines ID,NAME,DESCRIPTION.
func (r *Reputation) Categories(in io.Reader, name string) (errs []*Error, err error) {
	if r.categories == nil {
		r.categories = map[string]uint8{}
	}
	return eachLine(in, name, func(l *line) error {
		parts := value{text: l.text}.trimmed().split(',', 3)
		if len(parts) < 2 || parts[1].text == "" {
			return faultf(0, "a category is a number, a name and a description with commas between")
		}
		n, ok := small(parts[0].text, maxCategories-1)
		if !ok {
			return faultf(parts[0].at, "%q is no number of a category (0 to %d)", cutWord(parts[0].text), maxCategories-1)
		}
		r.categories[parts[1].text] = n
		return nil
	})
}

// List adds the addresses of a file: lines ADDRESS,CATEGORY,SCORE; an address may be a network. Of two lines about one the
// later counts.
func (r *Reputation) List(in io.Reader, name string) (errs []*Error, err error) {
	if r.scores == nil {
		r.scores = map[scoreOf]uint8{}
	}
	return eachLine(in, name, func(l *line) error {
		parts := value{text: l.text}.trimmed().split(',', -1)
		if len(parts) == 3 && parts[0].text == "ip" { // a head
			return nil
		}
		if len(parts) != 3 {
			return faultf(0, "a reputation is an address, the number of a category and a score with commas between")
		}
		network, err := networkOf(parts[0].text)
		if err != nil {
			return faultf(parts[0].at, "%q is no address or network", cutWord(parts[0].text))
		}
		category, ok := small(parts[1].text, maxCategories-1)
		if !ok {
			return faultf(parts[1].at, "%q is no number of a category (0 to %d)", cutWord(parts[1].text), maxCategories-1)
		}
		score, ok := small(parts[2].text, maxScore)
		if !ok {
			return faultf(parts[2].at, "%q is no score (0 to %d)", cutWord(parts[2].text), maxScore)
		}
		if len(r.scores) == maxReputations {
			return faultf(0, "there are %d addresses already, which is the limit", maxReputations)
		}
		r.scores[scoreOf{category, network}] = score
		r.lengths[family(network.Addr())][network.Bits()] = true
		return nil
	})
}

func networkOf(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen()), nil
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// small reads a number of at most most.
func small(text string, most uint64) (uint8, bool) {
	n := uint64(0)
	for _, c := range []byte(text) {
		if c < '0' || c > '9' || n > most {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return uint8(n), text != "" && n <= most
}

// Category is the number of a category by its name.
func (r *Reputation) Category(name string) (uint8, error) {
	if r == nil || len(r.categories) == 0 {
		return 0, fmt.Errorf("iprep needs a file categories.txt, and a list of reputations, beside the rules")
	}
	n, ok := r.categories[name]
	if !ok {
		return 0, fmt.Errorf("categories.txt has no category %q", cutWord(name))
	}
	return n, nil
}

// Score is what is known of an address: that of the smallest network that it is in. false: nothing.
func (r *Reputation) Score(category uint8, a netip.Addr) (uint8, bool) {
	lengths := &r.lengths[family(a)]
	for bits := a.BitLen(); bits >= 0; bits-- {
		if !lengths[bits] {
			continue
		}
		network, err := a.Prefix(bits)
		if err != nil {
			return 0, false
		}
		if score, ok := r.scores[scoreOf{category, network}]; ok {
			return score, true
		}
	}
	return 0, false
}
