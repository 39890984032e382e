import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { retract } from '../api/retract.js';

const REMEMBERED_MS = 300_000;

/** A merchant by its name, with a link to its page. For a few of them: each is asked for by itself. */
export function MerchantName({ appid }: { appid: string }) {
  const { data } = useQuery({
    // Not of the merchants, which each deletion changes: here a name alone is shown.
    queryKey: ['merchant-names', appid],
    queryFn: ({ signal }) => retract.merchants.get(appid, {}, { signal }),
    staleTime: REMEMBERED_MS,
  });
  return (
    <Link to="/merchants/$appid" params={{ appid }}>
      {data?.nick_name ? (
        <>
          {data.nick_name} <span className="code soft">{appid}</span>
        </>
      ) : (
        <span className="code">{appid}</span>
      )}
    </Link>
  );
}

/** The merchant that a row is of: the row tells its name. */
interface OfMerchant {
  merchant: string;
  component_appid: string;
  merchant_name?: string | null;
}

export function MerchantCell({ of: { merchant, component_appid, merchant_name } }: { of: OfMerchant }) {
  return (
    <>
      <Link to="/merchants/$appid" params={{ appid: merchant }} search={{ component_appid }}>
        {merchant_name ?? merchant}
      </Link>
      {merchant_name && <span className="cell-note soft code">{merchant}</span>}
    </>
  );
}
