package logs

import (
	"crypto/tls"
	"net/http"
	"strings"

	"bulwark/content/logproducts"
	"bulwark/platform/web"
)

// Setup is what somebody needs who has a product send its logs.
type Setup struct {
	Names     []string              `json:"names"`               // of this server, in its certificate
	Authority string                `json:"authority,omitempty"` // certificate in PEM by which senders know this server; "": one that the hospital has
	Ways      []Way                 `json:"ways"`
	Products  []logproducts.Product `json:"products"`
}

// Way is an intake, and where it listens now.
type Way struct {
	logproducts.Way
	Intakes []string `json:"intakes"` // under which sources of it are counted
	Doors   []Door   `json:"doors"`   // none: it does not listen
}

// intakesOf are the names under which what comes by a way is counted, where it is not the way's own.
var intakesOf = map[string][]string{"http": {"bulk", "otlp", "fhir"}, "files": {fileIntake}}

// listensAs are the names of the rooms' intakes, by the way.
var listensAs = map[string]string{"files": fileIntake}

func (l *Logs) setup() (s Setup, err error) {
	if s.Products, s.Ways, err = l.products(); err != nil {
		return s, err
	}
	if s.Names, err = l.names(); err != nil {
		return s, err
	}
	if l.needs.Authority != nil {
		s.Authority = l.needs.Authority()
	}
	return s, nil
}

func (l *Logs) products() ([]logproducts.Product, []Way, error) {
	products, ways, err := logproducts.Load()
	if err != nil {
		return nil, nil, err
	}
	for _, f := range l.parsers.Formats() {
		if f.Setup != "" && !strings.Contains(f.Setup, ":9200") {
			products = append(products, productOf(Format{f.ID, f.Title, f.Product, f.Setup}))
		}
	}
	all := make([]Way, 0, len(ways))
	for _, w := range ways {
		x := Way{Way: w, Intakes: intakesOf[w.ID], Doors: l.doorsOf(w.ID)}
		if x.Intakes == nil {
			x.Intakes = []string{w.ID}
		}
		all = append(all, x)
	}
	return products, all, nil
}

// doorsOf are where a way listens.
func (l *Logs) doorsOf(way string) []Door {
	name := way
	if as := listensAs[way]; as != "" {
		name = as
	}
	doors := []Door{}
	for _, i := range l.intakes {
		if i.Name() == name {
			doors = append(doors, i.doors...)
		}
	}
	return doors
}

// usualPort is where formats say that syslog listens, and usualAddress what stands for this server.
const (
	usualPort    = "5514"
	usualAddress = "ADDRESS"
)

// productOf is a product of which its format says what is configured.
func productOf(f Format) logproducts.Product {
	doors := []string{"udp", "tcp"}
	if low := strings.ToLower(f.Setup); strings.Contains(low, "tcp") || strings.Contains(low, "@@") {
		doors = []string{"tcp"}
	}
	lines := strings.NewReplacer(usualAddress, "@HOST@", usualPort, "@PORT@").Replace(strings.TrimRight(f.Setup, "\n") + "\n")
	p := logproducts.Product{ID: f.ID, Title: logproducts.Text{EN: f.Title, FR: f.Title}, Group: "device", Way: "syslog", Doors: doors, Formats: []string{f.ID}, Guide: "logs.md",
		Steps: []logproducts.Step{{Say: logproducts.Text{EN: "On the product:", FR: "Sur le produit :"}, Lines: lines}}}
	if strings.HasPrefix(f.Setup, "files:") {
		p.Way, p.Doors = "files", nil
	}
	return p
}

// names are those of this server, in its certificate.
func (l *Logs) names() ([]string, error) {
	all := []string{}
	if l.needs.Certificate == nil {
		return all, nil
	}
	c, err := l.needs.Certificate(&tls.ClientHelloInfo{})
	if err != nil || c.Leaf == nil {
		return all, err
	}
	all = append(all, c.Leaf.DNSNames...)
	for _, ip := range c.Leaf.IPAddresses {
		all = append(all, ip.String())
	}
	return all, nil
}

func (d *Doors) setup(w http.ResponseWriter, r *http.Request) {
	s, err := d.l.setup()
	if err != nil {
		d.answer(w, r, err, nil)
		return
	}
	web.JSON(w, http.StatusOK, s)
}
