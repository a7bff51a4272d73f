# SPDX-License-Identifier: Apache-2.0
# Lets a guest run on whose saver has died while it held the guest stopped. Arguments: "unix PATH"
# or "tcp HOST PORT", where QEMU listens for QMP. Standard input is a pipe from the saver: the line
# "done" ends this program, an end without it means that the saver is dead. Only what Debian's
# perl-base has is used.
use strict;
use warnings;
use IO::Socket::IP;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(sleep time);

my ($kind, @address) = @ARGV;

# What ends the saver's terminal or group must not end this one.
POSIX::setsid();
$SIG{$_} = 'IGNORE' for qw(INT HUP TERM PIPE);

$| = 1;
print "ready\n";
my $word = <STDIN>;
exit 0 if defined $word && $word eq "done\n";

my $until = time + 10;
while (time < $until) {
  exit 0 if eval { let_run() };
  sleep 0.02;
}
exit 1;

# True once the guest runs, or is in a state that the saver has not brought it to. QEMU serves one
# client at a time, and the saver's connection may not be closed yet.
sub let_run {
  local $SIG{ALRM} = sub { die "QEMU does not answer\n" };
  alarm 2;
  my $qmp = connect_qmp() or die "no connection\n";
  read_line($qmp);
  execute($qmp, 'qmp_capabilities');
  my ($status) = execute($qmp, 'query-status') =~ /"status":\s*"([\w-]+)"/ or die "no status\n";
  execute($qmp, 'cont') if $status eq 'paused';
  alarm 0;
  return 1;
}

sub connect_qmp {
  return $kind eq 'unix'
      ? IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $address[0])
      : IO::Socket::IP->new(PeerHost => $address[0], PeerPort => $address[1], Timeout => 1);
}

sub execute {
  my ($qmp, $command) = @_;
  syswrite($qmp, qq({"execute": "$command"}\n));
  while (1) {
    my $line = read_line($qmp);
    return $line if $line =~ /"return"/;
    die "refused\n" if $line =~ /"error"/ && $line !~ /"event"/;
  }
}

sub read_line {
  my ($qmp) = @_;
  my $line = <$qmp>;
  die "QEMU is gone\n" unless defined $line;
  return $line;
}
