import { ReceiptsDialog, type ReceiptsDialogProps } from "@hoopoe/ui";

/** Who has read a message, in a part of its own so that the page begins without it. */
export default function ReceiptsPart(props: ReceiptsDialogProps) {
  return <ReceiptsDialog {...props} />;
}
