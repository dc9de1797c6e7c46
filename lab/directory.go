package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	ldapBase     = "dc=hospital,dc=example"
	ldapAdmin    = "cn=admin," + ldapBase
	ldapPassword = "Lab-directory-2026"
)

// startDirectory starts a KDC and an LDAP server with the staff in both.
func startDirectory(ctx context.Context, h *Hospital) error {
	if err := startKDC(ctx, h.Host("dc")); err != nil {
		return err
	}
	return startLDAP(ctx, h.Host("dc"))
}

func krbConf() string {
	return fmt.Sprintf(`[libdefaults]
default_realm = %[1]s
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1400
allow_weak_crypto = true
[realms]
%[1]s = {
	kdc = dc.%[2]s
}
[domain_realm]
.%[2]s = %[1]s
`, Realm, Domain)
}

func startKDC(ctx context.Context, host *Host) error {
	if _, err := host.write("krb5.conf", krbConf()); err != nil {
		return err
	}
	_, err := host.write("kdc.conf", fmt.Sprintf(`[kdcdefaults]
kdc_ports = 88
kdc_tcp_ports = 88
[realms]
%[1]s = {
	database_name = %[2]s/principal
	key_stash_file = %[2]s/stash
	max_life = 10h
	supported_enctypes = aes256-cts:normal aes128-cts:normal
}
`, Realm, host.dir))
	if err != nil {
		return err
	}
	for _, words := range [][]string{
		{"kdb5_util", "create", "-s", "-P", "lab-master"},
		{"kadmin.local", "addprinc", "-pw", nurse.password, "+requires_preauth", nurse.user},
		{"kadmin.local", "addprinc", "-pw", doctor.password, "+requires_preauth", doctor.user},
		{"kadmin.local", "addprinc", "-randkey", "cifs/files." + Domain},
		{"kadmin.local", "addprinc", "-randkey", "HTTP/ehr." + Domain},
		{"kadmin.local", "addprinc", "-randkey", "-e", "arcfour-hmac:normal", "legacy/pacs." + Domain},
	} {
		if _, err := host.krb(ctx, words[0], words[1:]...); err != nil {
			return err
		}
	}
	return host.Start(ctx, []int{88}, "env", "KRB5_CONFIG="+host.dir+"/krb5.conf", "KRB5_KDC_PROFILE="+host.dir+"/kdc.conf", "krb5kdc", "-n")
}

// krb runs a Kerberos program with the lab's configuration. Its ticket cache is in the host's folder.
func (h *Host) krb(ctx context.Context, name string, args ...string) (string, error) {
	c := h.Command(ctx, name, args...)
	c.Env = append(c.Env, "KRB5_CONFIG="+filepath.Join(h.dir, "krb5.conf"),
		"KRB5_KDC_PROFILE="+filepath.Join(h.dir, "kdc.conf"), "KRB5CCNAME=FILE:"+filepath.Join(h.dir, "tickets"))
	return output(c)
}

// logIn gets a ticket for somebody.
func (h *Host) logIn(ctx context.Context, who account) error {
	if _, err := h.write("krb5.conf", krbConf()); err != nil {
		return err
	}
	c := h.Command(ctx, "kinit", who.user)
	c.Env = append(c.Env, "KRB5_CONFIG="+filepath.Join(h.dir, "krb5.conf"), "KRB5CCNAME=FILE:"+filepath.Join(h.dir, "tickets"))
	c.Stdin = strings.NewReader(who.password + "\n")
	_, err := output(c)
	return err
}

// tickets is a morning's log-in: a ticket of the realm, tickets of two services, one of them with an old cipher.
func tickets(ctx context.Context, h *Hospital) error {
	host := h.Host("nurse1")
	if err := host.logIn(ctx, nurse); err != nil {
		return err
	}
	_, err := host.krb(ctx, "kvno", "cifs/files."+Domain, "HTTP/ehr."+Domain, "legacy/pacs."+Domain)
	return err
}

// refusedTickets are a wrong password, an unknown person and an unknown service.
func refusedTickets(ctx context.Context, h *Hospital) error {
	host := h.Host("nurse1")
	for _, who := range []account{{nurse.user, "mistyped"}, {"nobodyhere", "x"}} {
		if err := host.logIn(ctx, who); err == nil {
			return fmt.Errorf("a ticket for %s with password %q, and must not", who.user, who.password)
		}
	}
	if err := host.logIn(ctx, nurse); err != nil {
		return err
	}
	if _, err := host.krb(ctx, "kvno", "nosuch/service."+Domain); err == nil {
		return fmt.Errorf("a ticket for an unknown service")
	}
	return nil
}

func startLDAP(ctx context.Context, host *Host) error {
	if err := os.Mkdir(filepath.Join(host.dir, "ldap"), 0o755); err != nil {
		return err
	}
	conf, err := host.write("slapd.conf", fmt.Sprintf(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[1]s/slapd.pid
database mdb
suffix %[2]q
rootdn %[3]q
rootpw %[4]s
directory %[1]s/ldap
`, host.dir, ldapBase, ldapAdmin, ldapPassword))
	if err != nil {
		return err
	}
	ldif, err := host.write("staff.ldif", staff())
	if err != nil {
		return err
	}
	if _, err := host.Run(ctx, "slapadd", "-f", conf, "-l", ldif); err != nil {
		return err
	}
	return host.Start(ctx, []int{389}, "slapd", "-d", "0", "-f", conf, "-h", "ldap://0.0.0.0:389")
}

// staff is the directory's content.
func staff() string {
	var b strings.Builder
	fmt.Fprintf(&b, "dn: %s\nobjectClass: dcObject\nobjectClass: organization\no: Hospital Example\ndc: hospital\n\n", ldapBase)
	fmt.Fprintf(&b, "dn: ou=staff,%s\nobjectClass: organizationalUnit\nou: staff\n\n", ldapBase)
	for _, a := range []account{nurse, doctor} {
		fmt.Fprintf(&b, "dn: uid=%[1]s,ou=staff,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: %[1]s\nsn: staff\nmail: %[1]s@%[3]s\nuserPassword: %[4]s\n\n",
			a.user, ldapBase, Domain, a.password)
	}
	return b.String()
}

// lookUpStaff searches the directory: anonymously, with a bind, and in vain.
func lookUpStaff(ctx context.Context, h *Hospital) error {
	host, url := h.Host("nurse1"), "ldap://dc."+Domain
	person := "uid=" + nurse.user + ",ou=staff," + ldapBase
	if _, err := host.Run(ctx, "ldapsearch", "-x", "-H", url, "-b", ldapBase, "(mail=bdoctor@"+Domain+")", "mail", "cn"); err != nil {
		return err
	}
	if _, err := host.Run(ctx, "ldapsearch", "-x", "-H", url, "-D", person, "-w", nurse.password, "-b", "ou=staff,"+ldapBase, "(objectClass=inetOrgPerson)"); err != nil {
		return err
	}
	if err := host.Fails(ctx, "ldapsearch", "-x", "-H", url, "-b", "ou=nowhere,"+ldapBase, "(uid=x)"); err != nil {
		return err
	}
	return host.Fails(ctx, "ldapsearch", "-x", "-H", url, "-D", person, "-w", "mistyped", "-b", ldapBase)
}
