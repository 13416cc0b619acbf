import { ClientContext } from "../hooks/client.ts";
import { createDoubleClient } from "../testing/client.ts";
import { ReceiptsDialog } from "./ReceiptsDialog.tsx";

const client = createDoubleClient();
const group = client.conversations.get("cnv_release");
for (const user of ["limei", "ben", "chloe"]) group.readUpTo.set(user, 20);

/** Three have read it, four have not. */
export function Open() {
  return (
    <ClientContext value={client}>
      <ReceiptsDialog conversation="cnv_release" seq={16} onClose={() => {}} />
    </ClientContext>
  );
}
